import type { Intent } from '../core/intent.ts'
import type { Store } from '../core/store.ts'
import { decodeEntry, decodeValue, number, object, oneOf, toJson } from './codec.ts'
import type { Draft } from './draft.ts'
import { intent } from './ledger-codec.ts'
import { sortable } from './record-key.ts'

/** Intents without an outcome: their actor died between, or the answer was lost. */
export const openCollection = 'intent-open'
/** Intents with their outcomes, by time; history for people. */
export const settledCollection = 'intent-settled'

const outcomes = ['succeeded', 'failed', 'superseded'] as const

/** What became of an intent. */
export interface SettledIntent {
  readonly intent: Intent
  readonly outcome: (typeof outcomes)[number]
  /** Epoch milliseconds. */
  readonly at: number
}

const settledIntent = object<SettledIntent>({ intent, outcome: oneOf(outcomes), at: number })

export function openIntent(draft: Draft, scope: string, opened: Intent): void {
  draft.put({ collection: openCollection, key: `${scope}${opened.intentId}` }, toJson(opened))
}

/** Moves an intent to the history. One that is not open was settled before: its first outcome stands. */
export async function settleIntent(
  draft: Draft,
  scope: string,
  settled: { readonly intentId: string; readonly outcome: SettledIntent['outcome']; readonly at: number },
): Promise<void> {
  const open = { collection: openCollection, key: `${scope}${settled.intentId}` }
  const value = await draft.read(open)
  if (value === undefined) return
  const row: SettledIntent = {
    intent: decodeValue(open, value, intent),
    outcome: settled.outcome,
    at: settled.at,
  }
  draft.delete(open)
  const key = `${scope}${sortable(settled.at)}/${settled.intentId}`
  draft.put({ collection: settledCollection, key }, toJson(row))
}

/** In the order in which they were made. */
export async function readOpenIntents(store: Store, scope: string): Promise<readonly Intent[]> {
  const entries = await store.list({ collection: openCollection, prefix: scope })
  const intents = entries.map((entry) => decodeEntry(entry, intent))
  return intents.toSorted((a, b) => a.at - b.at)
}

/** Newest first. */
export async function readSettledIntents(
  store: Store,
  scope: string,
  limit: number,
): Promise<readonly SettledIntent[]> {
  const entries = await store.list({ collection: settledCollection, prefix: scope, reverse: true, limit })
  return entries.map((entry) => decodeEntry(entry, settledIntent))
}
