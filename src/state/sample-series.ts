import type { Duration } from '../core/duration.ts'
import type { LedgerView } from '../core/ledger.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Sample } from '../core/sample.ts'
import type { Store, StoreEntry } from '../core/store.ts'
import { decodeEntry, decodeOnce, noteDecoded } from './codec.ts'
import type { Draft } from './draft.ts'
import { sortable } from './record-key.ts'
import { samples, samplesToJson, storable } from './sample-codec.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Samples of one age: kept in one record a resource and `span`, at most one every `resolution`. */
export interface SampleTier {
  readonly collection: string
  readonly span: Duration
  /** 0: every one. */
  readonly resolution: Duration
  /** A record moves to the next tier when its whole span is older than this. */
  readonly keep: Duration
}

/** Of the last hour, every one. */
export const recentTier: SampleTier = Object.freeze({
  collection: 'sample-recent',
  span: 10 * minute,
  resolution: 0,
  keep: hour,
})

/**
 * From every sample of the last hour to one a minute for a day and one a quarter of an hour after: 100 resources
 * over 30 days are then some 25 MB instead of 260.
 */
export const sampleTiers: readonly [SampleTier, ...SampleTier[]] = Object.freeze([
  recentTier,
  Object.freeze({ collection: 'sample-minute', span: hour, resolution: minute, keep: day }),
  Object.freeze({
    collection: 'sample-quarter',
    span: day,
    resolution: 15 * minute,
    keep: Number.POSITIVE_INFINITY,
  }),
])

/** Above so many records one list of the whole tier is quicker than a get of each. */
const mostGets = 2_000

/** Adds samples to the records of the newest tier. */
export async function addSamples(
  draft: Draft,
  scope: string,
  added: readonly { readonly id: ResourceId; readonly sample: Sample }[],
): Promise<void> {
  const groups = Map.groupBy(added, ({ id, sample }) => bucketKey(scope, recentTier, sample.at, id))
  await Promise.all(
    [...groups].map(([key, group]) =>
      mergeSamples(
        draft,
        recentTier,
        key,
        group.map((item) => item.sample),
      ),
    ),
  )
}

/** Adds samples to one record, thinned to what its tier keeps. */
export async function mergeSamples(
  draft: Draft,
  tier: SampleTier,
  key: string,
  added: readonly Sample[],
): Promise<void> {
  const address = { collection: tier.collection, key }
  const value = await draft.read(address)
  const before = value === undefined ? [] : decodeOnce({ ...address, value }, samples)
  const all = thin([...before, ...added.map(storable)], tier.resolution)
  const json = samplesToJson(all)
  // It is read and added to in each pass.
  noteDecoded(json, all)
  draft.put(address, json)
}

/** Oldest first; of those that fall into one step of `resolution` the last. */
function thin(all: readonly Sample[], resolution: Duration): readonly Sample[] {
  const sorted = all.toSorted((a, b) => a.at - b.at)
  if (resolution === 0) return sorted
  return sorted.filter((sample, index) => {
    const next = sorted[index + 1]
    return !next || Math.floor(next.at / resolution) !== Math.floor(sample.at / resolution)
  })
}

/**
 * Samples of every resource in the newest tier since a time, oldest first; those of one are read when they are asked for.
 * What is dated ahead of now is from before the clock was set back: nothing that is decided now may be measured by it.
 */
export async function readRecentSamples(
  store: Store,
  scope: string,
  { since, now }: { readonly since: number; readonly now: number },
): Promise<LedgerView['recentSamples']> {
  const after = `${scope}${sortable(bucketStart(recentTier, since))}`
  const entries = await store.list({ collection: recentTier.collection, prefix: scope, after })
  let byId: ReadonlyMap<ResourceId, readonly StoreEntry[]> | undefined
  const known = new Map<ResourceId, readonly Sample[] | undefined>()
  const read = (id: ResourceId) => {
    byId ??= Map.groupBy(entries, ({ key }) => bucketOf(scope, key).id)
    const own = (byId.get(id) ?? []).flatMap((entry) => decodeOnce(entry, samples))
    const recent = own.filter(({ at }) => at >= since && at <= now)
    return recent.length > 0 ? recent : undefined
  }
  return {
    get(id) {
      if (!known.has(id)) known.set(id, read(id))
      return known.get(id)
    },
  }
}

/** Samples of one resource in all tiers since a time, oldest first. */
export async function readSamples(
  store: Store,
  scope: string,
  query: { readonly id: ResourceId; readonly since: number; readonly now: number },
): Promise<readonly Sample[]> {
  const parts = await Promise.all(sampleTiers.map((tier) => readTier(store, scope, { ...query, tier })))
  return thin(parts.flat(), 0).filter((sample) => sample.at >= query.since)
}

async function readTier(
  store: Store,
  scope: string,
  query: { readonly id: ResourceId; readonly since: number; readonly now: number; readonly tier: SampleTier },
): Promise<readonly Sample[]> {
  const { id, since, now, tier } = query
  const { collection } = tier
  const after = `${scope}${sortable(bucketStart(tier, since))}`
  const [oldest] = await store.list({ collection, prefix: scope, after, limit: 1 })
  const [newest] = await store.list({ collection, prefix: scope, reverse: true, limit: 1 })
  if (!oldest || !newest) return []
  const first = bucketOf(scope, oldest.key).start
  const last = Math.max(bucketOf(scope, newest.key).start, bucketStart(tier, now))
  const count = (last - first) / tier.span + 1
  if (count > mostGets) {
    const all = await store.list({ collection, prefix: scope, after })
    const own = all.filter((entry) => bucketOf(scope, entry.key).id === id)
    return own.flatMap((entry) => decodeEntry(entry, samples))
  }
  const starts = Array.from({ length: count }, (_, index) => first + index * tier.span)
  const entries = await Promise.all(
    starts.map((start) => store.get({ collection, key: bucketKey(scope, tier, start, id) })),
  )
  return entries.flatMap((entry) => (entry ? decodeEntry(entry, samples) : []))
}

export function bucketStart(tier: SampleTier, at: number): number {
  return Math.floor(at / tier.span) * tier.span
}

/** Time before id, so that the newest of all resources are one list. */
export function bucketKey(scope: string, tier: SampleTier, at: number, id: ResourceId): string {
  return `${scope}${sortable(bucketStart(tier, at))}/${id}`
}

/** What a record's key says: its time and its resource. */
export function bucketOf(scope: string, key: string): { readonly start: number; readonly id: ResourceId } {
  const rest = key.slice(scope.length)
  const slash = rest.indexOf('/')
  return { start: Number(rest.slice(0, slash)), id: rest.slice(slash + 1) as ResourceId }
}
