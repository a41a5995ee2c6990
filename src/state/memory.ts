import { ReconcileError } from '../core/errors.ts'
import type {
  Json,
  ListQuery,
  Precondition,
  RecordKey,
  Store,
  StoreEntry,
  StoreWrite,
} from '../core/store.ts'
import { setOwn } from './codec.ts'
import { conflict } from './conflict.ts'
import { assertRecordKey, compareKeys } from './record-key.ts'

interface Row {
  /** A copy of what was written, frozen to its depths: only what JSON can hold comes back, and nobody changes it. */
  readonly value: Json
  readonly revision: number
}

/** The records of one collection; `keys` are kept sorted, so that a list is a binary search and a slice. */
interface Collection {
  readonly rows: Map<string, Row>
  readonly keys: string[]
}

/** What outlives a store that is closed or dropped: the disk of a simulated machine. */
export interface MemoryDisk {
  readonly id: string
  readonly secretKey: string
  readonly collections: Map<string, Collection>
  readonly watchers: Set<() => void>
  revision: number
}

export function createMemoryDisk(
  identity: { readonly id?: string; readonly secretKey?: string } = {},
): MemoryDisk {
  return {
    id: identity.id ?? 'memory',
    secretKey: identity.secretKey ?? '00'.repeat(32),
    collections: new Map(),
    watchers: new Set(),
    revision: 0,
  }
}

/**
 * A store that lives in memory, held to the same contract as the one on disk. Several may be opened on one
 * `MemoryDisk`: they are to each other what two programs on one state file are.
 */
export function openMemoryStore(disk: MemoryDisk = createMemoryDisk()): Store {
  const ownWatchers = new Set<() => void>()
  let isClosed = false

  function assertOpen(): void {
    if (isClosed)
      throw new ReconcileError('StoreUnavailable', 'Cannot use the state in memory: it was closed')
  }

  return {
    id: disk.id,
    secretKey: disk.secretKey,
    location: 'memory',
    async get(key) {
      assertOpen()
      return entryOf(disk, key)
    },
    async list(query) {
      assertOpen()
      return selectRows(disk, query)
    },
    async commit(writes, preconditions = []) {
      assertOpen()
      for (const key of [...writes, ...preconditions]) assertRecordKey(key)
      checkRevisions(disk, writes, preconditions)
      if (writes.length === 0) return disk.revision
      disk.revision += 1
      for (const write of writes) applyWrite(disk, write)
      // A microtask later, as with every other store: nobody is called back in the middle of his own commit.
      for (const watcher of disk.watchers) queueMicrotask(() => disk.watchers.has(watcher) && watcher())
      return disk.revision
    },
    watch(onChange) {
      assertOpen()
      const watcher = () => onChange()
      ownWatchers.add(watcher)
      disk.watchers.add(watcher)
      return () => {
        ownWatchers.delete(watcher)
        disk.watchers.delete(watcher)
      }
    },
    async close() {
      isClosed = true
      for (const watcher of ownWatchers) disk.watchers.delete(watcher)
      ownWatchers.clear()
    },
  }
}

function entryOf(disk: MemoryDisk, { collection, key }: RecordKey): StoreEntry | undefined {
  const row = disk.collections.get(collection)?.rows.get(key)
  return row && { collection, key, value: row.value, revision: row.revision }
}

function selectRows(disk: MemoryDisk, query: ListQuery): readonly StoreEntry[] {
  const { collection, prefix = '', after, reverse = false, limit = Number.POSITIVE_INFINITY } = query
  const keys = disk.collections.get(collection)?.keys ?? []
  // Every key with the prefix lies from the prefix itself up to the prefix and the last code point.
  const start = firstIndex(keys, (key) => compareKeys(key, prefix) >= 0)
  const end = prefix ? firstIndex(keys, (key) => compareKeys(key, `${prefix}\u{10ffff}`) >= 0) : keys.length
  const from = after === undefined || reverse ? start : Math.max(start, firstIndex(keys, isAbove(after)))
  const to = after === undefined || !reverse ? end : Math.min(end, firstIndex(keys, isFrom(after)))
  const count = Math.min(limit, Math.max(0, to - from))
  const chosen = reverse ? keys.slice(to - count, to).reverse() : keys.slice(from, from + count)
  return chosen.flatMap((key) => entryOf(disk, { collection, key }) ?? [])
}

const isAbove = (bound: string) => (key: string) => compareKeys(key, bound) > 0
const isFrom = (bound: string) => (key: string) => compareKeys(key, bound) >= 0

/** The first index whose key passes a test that all later keys pass too. */
function firstIndex(keys: readonly string[], passes: (key: string) => boolean): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (passes(keys[middle] ?? '')) high = middle
    else low = middle + 1
  }
  return low
}

function checkRevisions(
  disk: MemoryDisk,
  writes: readonly StoreWrite[],
  preconditions: readonly Precondition[],
): void {
  const checks = writes.flatMap(({ collection, key, expected }) =>
    expected === undefined ? [] : [{ collection, key, revision: expected }],
  )
  for (const { collection, key, revision } of [...checks, ...preconditions]) {
    const actual = disk.collections.get(collection)?.rows.get(key)?.revision ?? 0
    if (actual !== revision) throw conflict({ collection, key }, revision, actual)
  }
}

function applyWrite(disk: MemoryDisk, write: StoreWrite): void {
  const { collection, key } = write
  const { rows, keys } = disk.collections.get(collection) ?? { rows: new Map<string, Row>(), keys: [] }
  disk.collections.set(collection, { rows, keys })
  const index = firstIndex(keys, isFrom(key))
  if (write.type === 'delete') {
    if (rows.delete(key)) keys.splice(index, 1)
    return
  }
  if (!rows.has(key)) keys.splice(index, 0, key)
  rows.set(key, { value: frozenCopy(write.value), revision: disk.revision })
}

function frozenCopy(value: Json): Json {
  // As JSON has it, which knows no number that is not finite.
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy))
  const copy: Record<string, Json> = {}
  for (const [key, inner] of Object.entries(value))
    if (inner !== undefined) setOwn(copy, key, frozenCopy(inner))
  return Object.freeze(copy)
}
