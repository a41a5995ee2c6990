import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, ReconcileError } from '../core/errors.ts'
import type { Json, RecordKey, Store, StoreEntry } from '../core/store.ts'
import {
  type Decoder,
  decodeEntry,
  dictionary,
  json,
  list,
  number,
  object,
  oneOf,
  optional,
  text,
  toJson,
} from './codec.ts'
import type { Fence } from './fence.ts'
import type { Liveness } from './holder.ts'
import { Lookout } from './lookout.ts'
import { scopeOf } from './record-key.ts'

const collection = 'pass-request'

/** A request that is older is dropped where its asker is not known to live. */
const forgottenAfter: Duration = 3_600_000

/** What a person asked of the controller that lives: a pass, with what it may cover and do. */
export interface PassRequest {
  /** Unique, sorting by creation. */
  readonly requestId: string
  readonly selection: {
    /** Ids; empty: all. */
    readonly only: readonly string[]
    readonly labels: Readonly<Record<string, string>>
  }
  readonly allowances: {
    /** `--allow-deletions`; undefined: the fleet's limit. */
    readonly deletions: number | undefined
    readonly hosts: readonly string[]
    readonly paths: readonly string[]
  }
  readonly requestedBy: { readonly pid: number; readonly host: string }
  /** What must be equal for the controller's answer to be about the same thing. */
  readonly context: PassContext
  /** Epoch milliseconds. */
  readonly at: number
}

export interface PassContext {
  /** The manifests folder, absolute. */
  readonly folder: string
  readonly environment: string
  readonly programVersion: string
  /** Keyed digest of the values that the manifests refer to. */
  readonly references: string
}

export type PassAnswer =
  /** The controller will not do it, because the contexts differ in these fields. */
  | { readonly type: 'refused'; readonly differs: readonly string[] }
  /** The pass is over; `result` is what its asker prints. */
  | { readonly type: 'done'; readonly exitCode: number; readonly result: Json }

interface RequestRecord {
  readonly request: PassRequest
  /** Pid of the controller that took it up; undefined: nobody did yet. */
  readonly claimedBy: number | undefined
  readonly answer: PassAnswer | undefined
}

/** How a request stands, for who follows it. */
export interface RequestStatus {
  /** Pid of the controller that took it up. */
  readonly claimedBy: number | undefined
  readonly answer: PassAnswer | undefined
}

const passRequest = object<PassRequest>({
  requestId: text,
  selection: object<PassRequest['selection']>({ only: list(text), labels: dictionary(text) }),
  allowances: object<PassRequest['allowances']>({
    deletions: optional(number),
    hosts: list(text),
    paths: list(text),
  }),
  requestedBy: object<PassRequest['requestedBy']>({ pid: number, host: text }),
  context: object<PassContext>({ folder: text, environment: text, programVersion: text, references: text }),
  at: number,
})

const refused = object<{ readonly differs: readonly string[] }>({ differs: list(text) })
const done = object<{ readonly exitCode: number; readonly result: Json }>({ exitCode: number, result: json })
const answerType = object<{ readonly type: PassAnswer['type'] }>({ type: oneOf(['refused', 'done']) })
const passAnswer: Decoder<PassAnswer> = (value) => {
  const { type } = answerType(value)
  return type === 'refused' ? { type, ...refused(value) } : { type, ...done(value) }
}

const requestRecord = object<RequestRecord>({
  request: passRequest,
  claimedBy: optional(number),
  answer: optional(passAnswer),
})

/** The asker's side: needs no lease, because a person must be heard while a controller acts. */
export interface PassAsker {
  ask(request: PassRequest): Promise<void>
  /**
   * Resolves with the answer. `isHopeless` is asked at every look: it says why no answer can come any more (the
   * controller is gone), and that rejects with `LeaseLost`. Rejects with the signal's reason when aborted. The
   * request is taken back in each of these cases.
   */
  follow(
    requestId: string,
    options: {
      readonly clock: Clock
      readonly signal?: AbortSignal
      readonly isHopeless?: (status: RequestStatus) => Promise<string | undefined>
      /** Told once, when a controller takes it up. */
      readonly onClaimed?: (pid: number) => void
    },
  ): Promise<PassAnswer>
}

/** Whether who asked provably waits or is provably gone, as far as this machine can tell. */
export type JudgeAsker = (request: PassRequest) => Promise<Liveness>

/** The controller's side; its writes carry the lease. */
export interface PassInbox {
  /** Requests that have no answer, oldest first; those that were claimed by an earlier controller too. */
  pending(): Promise<readonly PassRequest[]>
  /** False where the asker has gone. */
  claim(requestId: string, pid: number): Promise<boolean>
  answer(requestId: string, answer: PassAnswer): Promise<void>
  /** Takes away a request whose asker is dead: what he allowed is allowed to nobody any more. */
  drop(requestId: string): Promise<void>
  /** Drops what askers left behind; returns how many. Who lives may follow what he asked for however long. */
  clean(now: number, judge: JudgeAsker): Promise<number>
}

interface RequestsOptions {
  readonly store: Store
  readonly environment: string | undefined
}

export function openPassAsker({ store, environment }: RequestsOptions): PassAsker {
  const keyOf = keysOf(environment)
  const withdraw = async (requestId: string): Promise<void> => {
    await store.commit([{ type: 'delete', ...keyOf(requestId) }])
  }
  return {
    async ask(request) {
      const record: RequestRecord = { request, claimedBy: undefined, answer: undefined }
      await store.commit([{ type: 'put', ...keyOf(request.requestId), value: toJson(record), expected: 0 }])
    },
    async follow(requestId, { clock, signal, isHopeless, onClaimed }) {
      const lookout = new Lookout(store, clock)
      let isClaimed = false
      try {
        for (;;) {
          signal?.throwIfAborted()
          const { claimedBy, answer } = await readStatus(store, keyOf(requestId))
          if (claimedBy !== undefined && !isClaimed) {
            isClaimed = true
            onClaimed?.(claimedBy)
          }
          if (answer) return answer
          const why = await isHopeless?.({ claimedBy, answer })
          if (why !== undefined) throw new ReconcileError('LeaseLost', `Cannot follow the pass: ${why}`)
          await lookout.next(signal)
        }
      } finally {
        lookout.stop()
        await withdraw(requestId)
      }
    },
  }
}

export function openPassInbox(options: RequestsOptions & { readonly lease: Fence }): PassInbox {
  const { store, environment, lease } = options
  const keyOf = keysOf(environment)
  const query = { collection, prefix: scopeOf(environment) }

  async function change(
    requestId: string,
    update: (record: RequestRecord) => RequestRecord,
  ): Promise<boolean> {
    const entry = await store.get(keyOf(requestId))
    if (!entry) return false
    const value = toJson(update(decodeEntry(entry, requestRecord)))
    try {
      await store.commit(
        [{ type: 'put', ...keyOf(requestId), value, expected: entry.revision }],
        [lease.guard()],
      )
      return true
    } catch (error) {
      // Nobody but the asker touches it meanwhile, and he only takes it back.
      if (isErrorOf(error, 'ConflictingRevision') && !(await store.get(keyOf(requestId)))) return false
      throw error
    }
  }

  return {
    async pending() {
      const records = (await store.list(query)).map((entry) => decodeEntry(entry, requestRecord))
      return records.filter((record) => !record.answer).map((record) => record.request)
    },
    claim: (requestId, pid) => change(requestId, (record) => ({ ...record, claimedBy: pid })),
    async answer(requestId, answer) {
      await change(requestId, (record) => ({ ...record, answer }))
    },
    async drop(requestId) {
      await store.commit([{ type: 'delete', ...keyOf(requestId) }], [lease.guard()])
    },
    async clean(now, judge) {
      const forgotten: StoreEntry[] = []
      for (const entry of await store.list(query)) {
        const { request } = decodeEntry(entry, requestRecord)
        if (request.at < now - forgottenAfter && (await judge(request)) !== 'alive') forgotten.push(entry)
      }
      if (forgotten.length === 0) return 0
      await store.commit(
        forgotten.map(({ key }) => ({ type: 'delete', collection, key })),
        [lease.guard()],
      )
      return forgotten.length
    },
  }
}

/** Names of the fields in which two contexts differ, for the refusal. */
export function differingContext(asked: PassContext, own: PassContext): readonly string[] {
  const fields = ['folder', 'environment', 'programVersion', 'references'] as const
  return fields.filter((field) => asked[field] !== own[field])
}

function keysOf(environment: string | undefined): (requestId: string) => RecordKey {
  return (requestId) => ({ collection, key: `${scopeOf(environment)}${requestId}` })
}

async function readStatus(store: Store, key: RecordKey): Promise<RequestStatus> {
  const entry = await store.get(key)
  if (!entry) throw new ReconcileError('NotFound', `Cannot follow the request ${key.key}: it was dropped`)
  return decodeEntry(entry, requestRecord)
}
