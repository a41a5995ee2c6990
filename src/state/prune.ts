import type { Duration } from '../core/duration.ts'
import type { ListQuery, Store, StoreEntry } from '../core/store.ts'
import { decodeEntry, number } from './codec.ts'
import type { Draft } from './draft.ts'
import { eventCollection, eventIndexCollection, indexKey, newestNumber } from './event-log.ts'
import { settledCollection } from './journal.ts'
import { fleetEvent } from './ledger-codec.ts'
import { goneCollection } from './ledger-view.ts'
import { lastPart, sortable } from './record-key.ts'
import { samples } from './sample-codec.ts'
import {
  bucketKey,
  bucketOf,
  bucketStart,
  mergeSamples,
  type SampleTier,
  sampleTiers,
} from './sample-series.ts'
import { dropSpentWords } from './spent-words.ts'

/** Records of one commit: small enough that a controller is never held up for long. */
const batchSize = 200

/** Events of one environment that are kept at most, however young: some 20 MB. */
const mostEvents = 50_000

/** Names that are remembered at most of what is gone: a name and a time each. */
export const mostGone = 500

/** How much a prune removed. */
export interface Pruned {
  readonly events: number
  readonly outcomes: number
  /** Records of samples that were dropped or thinned into the next tier. */
  readonly sampleRecords: number
  /** What people said by command and what means nothing any more. */
  readonly words: number
}

export interface PruneOptions {
  readonly store: Store
  readonly scope: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly keep: Duration
  readonly signal: AbortSignal | undefined
  readonly write: (fill: (draft: Draft) => Promise<void>) => Promise<void>
}

/** Bounds what the store keeps of the past. What is still in force (inventory, states, open intents) stays. */
export async function prune(options: PruneOptions): Promise<Pruned> {
  const events = await pruneEvents(options)
  const outcomes = await pruneOutcomes(options)
  let sampleRecords = 0
  for (const [index, tier] of sampleTiers.entries()) {
    sampleRecords += await pruneTier(options, tier, sampleTiers[index + 1])
  }
  const words = await pruneWords(options)
  await pruneGone(options)
  return Object.freeze({ events, outcomes, sampleRecords, words })
}

async function pruneEvents(options: PruneOptions): Promise<number> {
  const { store, scope } = options
  const oldest = options.now - options.keep
  const mostSequence = (await newestNumber(store, scope)) - mostEvents
  const lastOld = Math.max(mostSequence, await lastNumberBefore(oldest, options))
  const query = { collection: eventCollection, prefix: scope }
  return inBatches(options, query, async (draft, entry) => {
    const event = decodeEntry(entry, fleetEvent)
    const sequence = Number(lastPart(entry.key))
    if (sequence > lastOld) return false
    draft.delete(entry)
    draft.delete({ collection: eventIndexCollection, key: indexKey(scope, event.id, sequence) })
    return true
  })
}

/**
 * The number of the last event of before a time; 0 where there is none. What seems to come from the future is from before
 * the clock was set back: it is as old as what follows it.
 */
async function lastNumberBefore(time: number, { store, scope, now }: PruneOptions): Promise<number> {
  let last = 0
  for (let after: string | undefined; ; ) {
    const query = { collection: eventCollection, prefix: scope, limit: batchSize }
    const page = await store.list({ ...query, ...(after !== undefined && { after }) })
    for (const entry of page) {
      const { at } = decodeEntry(entry, fleetEvent)
      if (at < time) last = Number(lastPart(entry.key))
      else if (at <= now) return last
    }
    after = page.at(-1)?.key
    if (page.length < batchSize) return last
  }
}

async function pruneOutcomes(options: PruneOptions): Promise<number> {
  const { scope } = options
  const bound = `${scope}${sortable(options.now - options.keep)}`
  return inBatches(options, { collection: settledCollection, prefix: scope }, async (draft, entry) => {
    if (entry.key >= bound) return false
    draft.delete(entry)
    return true
  })
}

async function pruneWords({ store, scope, now, signal, write }: PruneOptions): Promise<number> {
  let total = 0
  for (;;) {
    signal?.throwIfAborted()
    let dropped = 0
    await write(async (draft) => {
      dropped = await dropSpentWords(draft, { store, scope }, { now, limit: batchSize })
    })
    total += dropped
    if (dropped < batchSize) return total
  }
}

/** A dump may bring back what went long ago, so that they are kept for ever, and the newest where they are too many. */
async function pruneGone({ store, scope, write }: PruneOptions): Promise<void> {
  await write(async (draft) => {
    const all = await store.list({ collection: goneCollection, prefix: scope })
    if (all.length <= mostGone) return
    const byAge = all.toSorted((a, b) => decodeEntry(a, number) - decodeEntry(b, number))
    for (const entry of byAge.slice(0, all.length - mostGone)) draft.delete(entry)
  })
}

/** Moves what is too old for a tier into the next one, or drops it where there is none or it is past `keep`. */
async function pruneTier(
  options: PruneOptions,
  tier: SampleTier,
  next: SampleTier | undefined,
): Promise<number> {
  const { scope, now, keep } = options
  const oldest = now - keep
  const end = Math.max(now - tier.keep, oldest)
  return inBatches(options, { collection: tier.collection, prefix: scope }, async (draft, entry) => {
    const { start, id } = bucketOf(scope, entry.key)
    if (start + tier.span > end) return false
    const kept = decodeEntry(entry, samples).filter((sample) => sample.at >= oldest)
    if (next && kept.length > 0) {
      const key = bucketKey(scope, next, bucketStart(next, start), id)
      await mergeSamples(draft, next, key, kept)
    }
    draft.delete(entry)
    return true
  })
}

/** Takes the oldest records of a collection, a commit for every batch, until `take` refuses one. */
async function inBatches(
  options: PruneOptions,
  query: ListQuery,
  take: (draft: Draft, entry: StoreEntry) => Promise<boolean>,
): Promise<number> {
  let total = 0
  for (;;) {
    options.signal?.throwIfAborted()
    let taken = 0
    await options.write(async (draft) => {
      taken = 0
      for (const entry of await options.store.list({ ...query, limit: batchSize })) {
        if (!(await take(draft, entry))) break
        taken += 1
      }
    })
    total += taken
    if (taken < batchSize) return total
  }
}
