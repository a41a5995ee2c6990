/** Anything that survives JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A record's address. Keys sort in code units; collections are fixed words. */
export interface RecordKey {
  readonly collection: string
  readonly key: string
}

export interface StoreEntry extends RecordKey {
  readonly value: Json
  /** Grows with every commit of the whole store; compare for equality, or for order within one store. */
  readonly revision: number
}

export type StoreWrite =
  | (RecordKey & { readonly type: 'put'; readonly value: Json; readonly expected?: number })
  | (RecordKey & { readonly type: 'delete'; readonly expected?: number })

/** A record that must still be at `revision` (0: must not exist) when a commit takes effect. */
export interface Precondition extends RecordKey {
  readonly revision: number
}

export interface ListQuery {
  readonly collection: string
  readonly prefix?: string
  /** Exclusive lower bound (exclusive upper bound where `reverse`). */
  readonly after?: string
  readonly reverse?: boolean
  /** Default: all. */
  readonly limit?: number
}

/**
 * Where a fleet's memory lives. Asynchronous and revision-checked, so that a distributed store can stand behind
 * it: whatever is built above uses these calls and nothing that only a local database could do.
 */
export interface Store {
  /** Made when the store was created; part of every ownership mark. Empty where a read found no store yet. */
  readonly id: string
  /** Keys the digests of secrets; made when the store was created, readable by its owner alone. */
  readonly secretKey: string
  /** A value as a commit would keep it: its messages without the secrets that are known. Absent: as it is. */
  readonly kept?: <Value extends Json>(value: Value) => Value
  /** Where it lives, for messages and marks. */
  readonly location: string
  get(key: RecordKey): Promise<StoreEntry | undefined>
  /** In key order. */
  list(query: ListQuery): Promise<readonly StoreEntry[]>
  /** Of the newest commit of anybody; 0: there was none. Where it is as it was, so is everything. */
  revision(): Promise<number>
  /**
   * All or nothing, durable when it resolves. `expected` (0: must not exist) and the preconditions are checked
   * in the same transaction; a mismatch rejects with `ConflictingRevision` and writes nothing. Returns the
   * revision that every put of the commit got.
   */
  commit(writes: readonly StoreWrite[], preconditions?: readonly Precondition[]): Promise<number>
  /** Calls back some time after a commit of anybody touched the store; may repeat. Returns the way to stop. */
  watch(onChange: () => void): () => void
  close(): Promise<void>
}
