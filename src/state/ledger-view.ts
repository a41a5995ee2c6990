import type { Duration } from '../core/duration.ts'
import type { LedgerView } from '../core/ledger.ts'
import type { Stray } from '../core/ownership.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Store } from '../core/store.ts'
import { type Decoder, decodeOnce, list, number } from './codec.ts'
import type { HeldCollections } from './held-store.ts'
import { openCollection, readOpenIntents } from './journal.ts'
import { owned, resourceState, stray } from './ledger-codec.ts'
import { readRecentSamples, recentTier } from './sample-series.ts'
import {
  downCollection,
  readDownMark,
  readResumptions,
  readSuspensions,
  resumptionCollection,
  suspensionCollection,
} from './suspensions.ts'

export const inventoryCollection = 'inventory'
export const stateCollection = 'resource-state'
/** By kind; the value says nothing. */
export const unreadableCollection = 'unreadable-domain'
export const strayCollection = 'strays'
/** By kind and outside name; the value is when it went. */
export const goneCollection = 'gone'

const recentWindow: Duration = 3_600_000

/** What a view is made of, and who writes it. */
export const viewCollections: HeldCollections = Object.freeze({
  own: new Set([
    inventoryCollection,
    stateCollection,
    unreadableCollection,
    strayCollection,
    goneCollection,
    openCollection,
    recentTier.collection,
  ]),
  shared: new Set([suspensionCollection, resumptionCollection, downCollection]),
})

/** All of it, as it stands now. */
export async function loadView(store: Store, scope: string, now: number): Promise<LedgerView> {
  const [
    inventory,
    states,
    openIntents,
    suspensions,
    resumedAt,
    down,
    unreadable,
    recentSamples,
    strays,
    gone,
  ] = await Promise.all([
    readMap(store, { collection: inventoryCollection, scope, decode: owned }),
    readMap(store, { collection: stateCollection, scope, decode: resourceState }),
    readOpenIntents(store, scope),
    readSuspensions(store, scope),
    readResumptions(store, scope),
    readDownMark(store, scope),
    store.list({ collection: unreadableCollection, prefix: scope }),
    readRecentSamples(store, scope, { since: now - recentWindow, now }),
    readMap<readonly Stray[]>(store, { collection: strayCollection, scope, decode: list(stray) }),
    readMap(store, { collection: goneCollection, scope, decode: number }),
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
    gone,
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
