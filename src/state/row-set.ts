import type { Json, ListQuery, StoreEntry } from '../core/store.ts'
import { setOwn } from './codec.ts'
import { compareKeys } from './record-key.ts'

interface Row {
  /** Frozen to its depths: only what JSON can hold comes back, and nobody changes it. */
  readonly value: Json
  readonly revision: number
}

/** The rows of one collection in memory; keys are kept sorted, so that a list is a binary search and a slice. */
export class RowSet {
  readonly #collection: string
  readonly #rows = new Map<string, Row>()
  readonly #keys: string[] = []

  constructor(collection: string) {
    this.#collection = collection
  }

  /** By key, for whoever looks at all of them. */
  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }

  get(key: string): StoreEntry | undefined {
    const row = this.#rows.get(key)
    return row && { collection: this.#collection, key, value: row.value, revision: row.revision }
  }

  list(query: Omit<ListQuery, 'collection'>): readonly StoreEntry[] {
    const { prefix = '', after, reverse = false, limit = Number.POSITIVE_INFINITY } = query
    const keys = this.#keys
    // Every key with the prefix lies from the prefix itself up to the prefix and the last code point.
    const start = firstIndex(keys, (key) => compareKeys(key, prefix) >= 0)
    const end = prefix ? firstIndex(keys, (key) => compareKeys(key, `${prefix}\u{10ffff}`) >= 0) : keys.length
    const from = after === undefined || reverse ? start : Math.max(start, firstIndex(keys, isAbove(after)))
    const to = after === undefined || !reverse ? end : Math.min(end, firstIndex(keys, isFrom(after)))
    const count = Math.min(limit, Math.max(0, to - from))
    const chosen = reverse ? keys.slice(to - count, to).reverse() : keys.slice(from, from + count)
    return chosen.flatMap((key) => this.get(key) ?? [])
  }

  /** Keeps a copy of the value, or the value itself where nobody can change it. */
  put(key: string, value: Json, revision: number): void {
    if (!this.#rows.has(key)) this.#keys.splice(this.#indexOf(key), 0, key)
    this.#rows.set(key, { value: isFrozenJson(value) ? value : frozenCopy(value), revision })
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#keys.splice(this.#indexOf(key), 1)
  }

  #indexOf(key: string): number {
    const keys = this.#keys
    const last = keys.at(-1)
    // Whoever fills it from a list comes in this order.
    return last !== undefined && compareKeys(last, key) < 0 ? keys.length : firstIndex(keys, isFrom(key))
  }
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

/** Whether it is frozen to its depths, and reads back from JSON as it is. */
function isFrozenJson(value: Json | undefined): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (value === null || typeof value !== 'object') return value !== undefined
  return Object.isFrozen(value) && Object.values(value).every(isFrozenJson)
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
