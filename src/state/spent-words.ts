import type { LedgerView } from '../core/ledger.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Json, RecordKey, Store } from '../core/store.ts'
import { decodeValue, number } from './codec.ts'
import type { Draft } from './draft.ts'
import { suspension } from './ledger-codec.ts'
import { loadView } from './ledger-view.ts'
import { resumptionCollection, suspensionCollection } from './suspensions.ts'

/**
 * Deletes what people once said and what means nothing any more, so many records at most; returns how many. A word that
 * is said meanwhile stays: what is deleted is what was read.
 */
export async function dropSpentWords(
  draft: Draft,
  place: { readonly store: Store; readonly scope: string },
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<number> {
  const { store, scope } = place
  const view = await loadView(store, scope, now)
  const judges = [
    [resumptionCollection, isSpentResumption],
    [suspensionCollection, isSpentSuspension],
  ] as const
  let dropped = 0
  for (const [collection, isSpent] of judges) {
    for (const { key } of await store.list({ collection, prefix: scope })) {
      if (dropped === limit) return dropped
      const record = { collection, key }
      const value = await draft.read(record)
      const id = key.slice(scope.length) as ResourceId
      if (value === undefined || !isSpent({ record, value, id }, { view, now })) continue
      draft.delete(record)
      dropped += 1
    }
  }
  return dropped
}

interface Word {
  readonly record: RecordKey
  readonly value: Json
  /** Of the resource that it is about. */
  readonly id: ResourceId
}

interface Now {
  readonly view: LedgerView
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * There is nothing to resume, or it was heard, which the state remembers. Attempts from before it that are still open are
 * none because of it.
 */
function isSpentResumption({ record, value, id }: Word, { view }: Now): boolean {
  const at = decodeValue(record, value, number)
  const isHeard = view.states.get(id)?.recovery.heardResumeAt === at
  return (isHeard || !isKnown(id, view)) && view.openIntents.every((intent) => intent.at > at)
}

/** Its time is over, and it is of nothing that is declared or owned. */
function isSpentSuspension({ record, value, id }: Word, { view, now }: Now): boolean {
  const { until } = decodeValue(record, value, suspension)
  return until !== undefined && until <= now && !isKnown(id, view)
}

/** What is declared has a state from its first pass on, and keeps it until it is neither declared nor owned. */
function isKnown(id: ResourceId, { states, inventory }: LedgerView): boolean {
  return states.has(id) || inventory.has(id)
}
