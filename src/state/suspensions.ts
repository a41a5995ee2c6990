import type { ResourceId, Suspension } from '../core/resource.ts'
import type { Json, RecordKey, Store, StoreWrite } from '../core/store.ts'
import { type Decoder, decodeEntry, number, object, optional, text, toJson } from './codec.ts'
import { suspension } from './ledger-codec.ts'
import { scopeOf } from './record-key.ts'

export const suspensionCollection = 'suspension'
export const resumptionCollection = 'resumption'
export const downCollection = 'down'

/** Who took the fleet down, and when; until `resume --all` nothing is started. */
export interface DownMark {
  readonly by: string | undefined
  /** Epoch milliseconds. */
  readonly at: number
}

const downMark: Decoder<DownMark> = object<DownMark>({ by: optional(text), at: number })

/**
 * What people say by command: suspend, resume, down. Written without the lease, because a person must be heard
 * while a controller acts; it reads them at its next pass.
 */
export interface Suspensions {
  suspend(id: ResourceId, suspension: Suspension): Promise<void>
  /** Whether it had been suspended by command. */
  resume(id: ResourceId, at: number): Promise<boolean>
  takeDown(mark: DownMark): Promise<void>
  /**
   * Lifts the down mark and every suspension, and resumes all of `known` too; returns what had been suspended, in id
   * order.
   */
  resumeAll(known: readonly ResourceId[], at: number): Promise<readonly ResourceId[]>
  downMark(): Promise<DownMark | undefined>
  list(): Promise<ReadonlyMap<ResourceId, Suspension>>
  /** Changes whenever people said something new; equal as long as they did not. */
  word(): Promise<string>
}

export function openSuspensions(options: {
  readonly store: Store
  readonly environment: string | undefined
}): Suspensions {
  const { store } = options
  const scope = scopeOf(options.environment)
  const keyOf = (id: ResourceId): RecordKey => ({ collection: suspensionCollection, key: `${scope}${id}` })
  const downKey: RecordKey = { collection: downCollection, key: `${scope}fleet` }
  const put = async (key: RecordKey, value: Json): Promise<void> => {
    await store.commit([{ type: 'put', ...key, value }])
  }
  const resumption = (id: ResourceId, at: number): StoreWrite => ({
    type: 'put',
    collection: resumptionCollection,
    key: `${scope}${id}`,
    value: at,
  })
  return {
    suspend: (id, value) => put(keyOf(id), toJson(value)),
    async resume(id, at) {
      const entry = await store.get(keyOf(id))
      await store.commit([{ type: 'delete', ...keyOf(id) }, resumption(id, at)])
      return entry !== undefined
    },
    takeDown: (mark) => put(downKey, toJson(mark)),
    async resumeAll(known, at) {
      const ids = [...(await readSuspensions(store, scope)).keys()]
      const keys = [downKey, ...ids.map(keyOf)]
      const resumed = [...new Set([...ids, ...known])].map((id) => resumption(id, at))
      await store.commit([...keys.map((key) => ({ type: 'delete' as const, ...key })), ...resumed])
      return ids
    },
    downMark: () => readDownMark(store, scope),
    list: () => readSuspensions(store, scope),
    async word() {
      const collections = [suspensionCollection, resumptionCollection, downCollection]
      const entries = await Promise.all(
        collections.map((collection) => store.list({ collection, prefix: scope })),
      )
      return JSON.stringify(
        entries.flat().map(({ collection, key, revision }) => [collection, key, revision]),
      )
    },
  }
}

export async function readSuspensions(
  store: Store,
  scope: string,
): Promise<ReadonlyMap<ResourceId, Suspension>> {
  const entries = await store.list({ collection: suspensionCollection, prefix: scope })
  return new Map(
    entries.map((entry) => [entry.key.slice(scope.length) as ResourceId, decodeEntry(entry, suspension)]),
  )
}

export async function readDownMark(store: Store, scope: string): Promise<DownMark | undefined> {
  const entry = await store.get({ collection: downCollection, key: `${scope}fleet` })
  return entry && decodeEntry(entry, downMark)
}

/** By resource: when it was last resumed by command, epoch milliseconds. */
export async function readResumptions(store: Store, scope: string): Promise<ReadonlyMap<ResourceId, number>> {
  const entries = await store.list({ collection: resumptionCollection, prefix: scope })
  return new Map(
    entries.map((entry) => [entry.key.slice(scope.length) as ResourceId, decodeEntry(entry, number)]),
  )
}
