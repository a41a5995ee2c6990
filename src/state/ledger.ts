import { assertNever } from '../core/assert-never.ts'
import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, ReconcileError } from '../core/errors.ts'
import type { Ledger, LedgerEntry } from '../core/ledger.ts'
import { kindOf, type ResourceId, resourceId } from '../core/resource.ts'
import type { Sample } from '../core/sample.ts'
import type { Precondition, RecordKey, Store } from '../core/store.ts'
import { toJson } from './codec.ts'
import { Draft } from './draft.ts'
import { EventLog, readEvents } from './event-log.ts'
import type { Fence } from './fence.ts'
import { holdInMemory } from './held-store.ts'
import { openIntent, readSettledIntents, type SettledIntent, settleIntent } from './journal.ts'
import {
  goneCollection,
  inventoryCollection,
  loadView,
  stateCollection,
  strayCollection,
  unreadableCollection,
  viewCollections,
} from './ledger-view.ts'
import { type Pruned, prune } from './prune.ts'
import { scopeOf } from './record-key.ts'
import { addSamples, readSamples } from './sample-series.ts'

/** People write suspensions at the same time, so a commit may meet a changed record; each try reads anew. */
const mostTries = 5

/** The ledger as the edge holds it: with what only the controller and reports need. */
export interface StoredLedger extends Ledger {
  /**
   * Drops events, outcomes and samples that are older than `keep`, in commits of bounded size. Rejects with the signal's
   * reason between two of them.
   */
  prune(keep: Duration, signal?: AbortSignal): Promise<Pruned>
  /** Intents and their outcomes, newest first. */
  outcomes(limit: number): Promise<readonly SettledIntent[]>
}

export interface LedgerOptions {
  readonly store: Store
  /** For messages; the store is the fleet's. */
  readonly fleet: string
  readonly environment: string | undefined
  /** Absent: the ledger is read-only. */
  readonly lease?: Fence
  /**
   * Whether who holds the lease keeps all that he reads in memory: worth it for who reads it again and again, and too
   * much for one pass. Default: true.
   */
  readonly isKept?: boolean
  readonly clock: Clock
}

/** Somebody who waits for a commit. */
interface Waiting {
  readonly entries: readonly LedgerEntry[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Why nothing can be written, whatever it is. What else fails may be the fault of one of those who write together. */
const failuresOfAll = ['LeaseLost', 'StoreBusy', 'StoreFull', 'StoreReadOnly', 'StoreUnavailable'] as const

/**
 * Opens the fleet's memory for one environment; keys begin with it, so that one store keeps several apart.
 * Commits of one ledger are made one after the other, and what is asked for at once is one of them. Whoever holds the
 * lease reads what he wrote from memory.
 */
export function openLedger(options: LedgerOptions): StoredLedger {
  const { store, clock, lease, isKept = true } = options
  const scope = scopeOf(options.environment)
  const held = lease && isKept ? holdInMemory(store, viewCollections) : undefined
  let queue: Promise<unknown> = Promise.resolve()
  let waiting: Waiting[] = []

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work, work)
    // The next one waits whatever became of this one; whoever asked for this one gets its error.
    queue = result.catch(() => undefined)
    return result
  }

  /** Who does not hold the lease any more knows nothing by heart. */
  function memory(): Store {
    if (!lease || !held) return store
    try {
      lease.guard()
      return held
    } catch {
      held.drop()
      return store
    }
  }

  async function write(fill: (store: Store, draft: Draft) => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const guard = fenceOf(options).guard()
      const known = memory()
      const draft = new Draft(known)
      await fill(known, draft)
      if (draft.isEmpty) return
      try {
        await known.commit(await draft.writes(), [guard])
        return
      } catch (error) {
        if (!isErrorOf(error, 'ConflictingRevision')) throw error
        await assertStillHeld(options, guard, error)
        if (tries === mostTries) throw error
      }
    }
  }

  const writeEntries = (entries: readonly LedgerEntry[]): Promise<void> =>
    write((known, draft) => enter(known, draft, scope, entries))

  /** What was asked for by the time that it is its turn is written together: one commit costs what many do. */
  async function writeWaiting(): Promise<void> {
    const group = waiting
    waiting = []
    try {
      await writeEntries(group.flatMap(({ entries }) => entries))
      for (const { resolve } of group) resolve()
    } catch (error) {
      const isOfAll = group.length === 1 || failuresOfAll.some((code) => isErrorOf(error, code))
      for (const { entries, resolve, reject } of group) {
        if (isOfAll) reject(error)
        else await writeEntries(entries).then(resolve, reject)
      }
    }
  }

  return {
    load: () => loadView(memory(), scope, clock.now()),
    async commit(entries) {
      // Also for nothing at all: whoever lost the lease must hear of it as early as possible.
      fenceOf(options).guard()
      await new Promise<void>((resolve, reject) => {
        waiting.push({ entries, resolve, reject })
        if (waiting.length === 1) void inTurn(writeWaiting)
      })
    },
    samples: (id, since) => readSamples(store, scope, { id, since, now: clock.now() }),
    events: (query) => readEvents(store, scope, query),
    outcomes: (limit) => readSettledIntents(store, scope, limit),
    prune: (keep, signal) =>
      prune({
        store,
        scope,
        now: clock.now(),
        keep,
        signal,
        write: (fill) => inTurn(() => write((_, draft) => fill(draft))),
      }),
  }
}

function fenceOf({ lease, fleet, environment }: LedgerOptions): Fence {
  if (lease) return lease
  const place = environment ? `${fleet} (${environment})` : fleet
  throw new ReconcileError('Internal', `Cannot write to the state of ${place}: it was opened for reading`)
}

/** A commit that met a changed record met either another's lease, or somebody else's record. */
async function assertStillHeld(options: LedgerOptions, guard: Precondition, cause: unknown): Promise<void> {
  const entry = await options.store.get(guard)
  if (entry?.revision === guard.revision) return
  throw new ReconcileError(
    'LeaseLost',
    `Cannot write to the state of ${options.fleet}: another took the lease over`,
    { cause },
  )
}

function goneKey(scope: string, kind: string, externalName: string): RecordKey {
  return { collection: goneCollection, key: `${scope}${resourceId(kind, externalName)}` }
}

/** What is owned is not gone any more, where it ever was. */
async function comeBack(draft: Draft, key: RecordKey): Promise<void> {
  if ((await draft.read(key)) !== undefined) draft.delete(key)
}

/** Puts entries into a draft, in their order. */
async function enter(
  store: Store,
  draft: Draft,
  scope: string,
  entries: readonly LedgerEntry[],
): Promise<void> {
  const log = new EventLog(store, draft, scope)
  const added: { readonly id: ResourceId; readonly sample: Sample }[] = []
  for (const entry of entries) {
    switch (entry.type) {
      case 'own':
        draft.put({ collection: inventoryCollection, key: `${scope}${entry.owned.id}` }, toJson(entry.owned))
        await comeBack(draft, goneKey(scope, kindOf(entry.owned.id), entry.owned.externalName))
        break
      case 'disown':
        draft.delete({ collection: inventoryCollection, key: `${scope}${entry.id}` })
        break
      case 'gone':
        draft.put(goneKey(scope, entry.kind, entry.externalName), entry.at)
        break
      case 'state':
        draft.put({ collection: stateCollection, key: `${scope}${entry.id}` }, toJson(entry.state))
        break
      case 'forget-state':
        draft.delete({ collection: stateCollection, key: `${scope}${entry.id}` })
        break
      case 'domain': {
        const key = { collection: unreadableCollection, key: `${scope}${entry.kind}` }
        if (entry.isUnreadable) draft.put(key, null)
        else draft.delete(key)
        break
      }
      case 'intend':
        openIntent(draft, scope, entry.intent)
        break
      case 'settle':
        await settleIntent(draft, scope, entry)
        break
      case 'event':
        await log.add(entry.event)
        break
      case 'strays': {
        const key = { collection: strayCollection, key: `${scope}${entry.kind}` }
        if (entry.strays.length > 0) draft.put(key, toJson(entry.strays))
        else draft.delete(key)
        break
      }
      case 'sample':
        added.push(entry)
        break
      default:
        assertNever(entry)
    }
  }
  await addSamples(draft, scope, added)
}
