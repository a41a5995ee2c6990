import { assertNever } from '../core/assert-never.ts'
import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { isErrorOf, ReconcileError } from '../core/errors.ts'
import type { Ledger, LedgerEntry, LedgerView } from '../core/ledger.ts'
import type { Stray } from '../core/ownership.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Sample } from '../core/sample.ts'
import type { Precondition, Store, StoreEntry } from '../core/store.ts'
import { type Decoder, decodeEntry, list, toJson } from './codec.ts'
import { Draft } from './draft.ts'
import { EventLog, readEvents } from './event-log.ts'
import type { Fence } from './fence.ts'
import {
  openIntent,
  readOpenIntents,
  readSettledIntents,
  type SettledIntent,
  settleIntent,
} from './journal.ts'
import { owned, resourceState, stray } from './ledger-codec.ts'
import { type Pruned, prune } from './prune.ts'
import { scopeOf } from './record-key.ts'
import { addSamples, readRecentSamples, readSamples } from './sample-series.ts'
import { readDownMark, readResumptions, readSuspensions } from './suspensions.ts'

const inventoryCollection = 'inventory'
const stateCollection = 'resource-state'
/** By kind; the value says nothing. */
const unreadableCollection = 'unreadable-domain'
const strayCollection = 'strays'

/** People write suspensions at the same time, so a commit may meet a changed record; each try reads anew. */
const mostTries = 5
const recentWindow: Duration = 3_600_000

/** The ledger as the edge holds it: with what only the controller and reports need. */
export interface StoredLedger extends Ledger {
  /** Drops events, outcomes and samples that are older than `keep`, in commits of bounded size. */
  prune(keep: Duration): Promise<Pruned>
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
  readonly clock: Clock
}

/**
 * Opens the fleet's memory for one environment; keys begin with it, so that one store keeps several apart.
 * Commits of one ledger are made one after the other.
 */
export function openLedger(options: LedgerOptions): StoredLedger {
  const { store, clock } = options
  const scope = scopeOf(options.environment)
  let queue: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work, work)
    // The next one waits whatever became of this one; whoever asked for this one gets its error.
    queue = result.catch(() => undefined)
    return result
  }

  async function write(fill: (draft: Draft) => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const guard = fenceOf(options).guard()
      const draft = new Draft(store)
      await fill(draft)
      if (draft.isEmpty) return
      try {
        await store.commit(await draft.writes(), [guard])
        return
      } catch (error) {
        if (!isErrorOf(error, 'ConflictingRevision')) throw error
        await assertStillHeld(options, guard, error)
        if (tries === mostTries) throw error
      }
    }
  }

  return {
    load: () => load(store, scope, clock.now()),
    async commit(entries) {
      // Also for nothing at all: whoever lost the lease must hear of it as early as possible.
      fenceOf(options).guard()
      await inTurn(() => write((draft) => enter(store, draft, scope, entries)))
    },
    samples: (id, since) => readSamples(store, scope, { id, since, now: clock.now() }),
    events: (query) => readEvents(store, scope, query),
    outcomes: (limit) => readSettledIntents(store, scope, limit),
    prune: (keep) =>
      prune({ store, scope, now: clock.now(), keep, write: (fill) => inTurn(() => write(fill)) }),
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

async function load(store: Store, scope: string, now: number): Promise<LedgerView> {
  const [inventory, states, openIntents, suspensions, resumedAt, down, unreadable, recentSamples, strays] =
    await Promise.all([
      readMap(store, { collection: inventoryCollection, scope, decode: owned }),
      readMap(store, { collection: stateCollection, scope, decode: resourceState }),
      readOpenIntents(store, scope),
      readSuspensions(store, scope),
      readResumptions(store, scope),
      readDownMark(store, scope),
      store.list({ collection: unreadableCollection, prefix: scope }),
      readRecentSamples(store, scope, now - recentWindow),
      readMap<readonly Stray[]>(store, { collection: strayCollection, scope, decode: list(stray) }),
    ])
  return {
    inventory,
    states,
    openIntents,
    suspensions,
    resumedAt,
    isDown: down !== undefined,
    unreadableDomains: new Set(unreadable.map(({ key }) => key.slice(scope.length))),
    recentSamples,
    strays,
  }
}

async function readMap<T>(
  store: Store,
  query: { readonly collection: string; readonly scope: string; readonly decode: Decoder<T> },
): Promise<ReadonlyMap<ResourceId, T>> {
  const { collection, scope, decode } = query
  const entries = await store.list({ collection, prefix: scope })
  return new Map(
    entries.map((entry) => [entry.key.slice(scope.length) as ResourceId, decodeOnce(entry, decode)]),
  )
}

/** What was decoded of values that can never change: a store in memory gives the same value again and again. */
const decoded = new WeakMap<object, unknown>()

function decodeOnce<T>(entry: StoreEntry, decode: Decoder<T>): T {
  const { value } = entry
  if (value === null || typeof value !== 'object' || !Object.isFrozen(value))
    return decodeEntry(entry, decode)
  // A value belongs to one record, and a collection has one decoder.
  const known = decoded.get(value) as T | undefined
  if (known !== undefined) return known
  const result = decodeEntry(entry, decode)
  decoded.set(value, result)
  return result
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
        break
      case 'disown':
        draft.delete({ collection: inventoryCollection, key: `${scope}${entry.id}` })
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
