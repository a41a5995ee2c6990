import type { Precondition, Store, StoreEntry, StoreWrite } from '../core/store.ts'
import { RowSet } from './row-set.ts'

/** Which collections are kept in memory. */
export interface HeldCollections {
  /** Nobody writes them but who holds the lease, and every commit of them is refused without it. */
  readonly own: ReadonlySet<string>
  /** Anybody writes them at any time. */
  readonly shared: ReadonlySet<string>
}

/** A store whose holder remembers what he read and wrote. */
export interface HeldStore extends Store {
  /** Forgets everything: the next reading is of what is really there. */
  drop(): void
}

/**
 * What the holder of the lease reads of the store again and again, in memory: he is the only one who writes it, so that
 * what he wrote is what he would read. What people write is read again as soon as anybody else committed anything. All
 * is forgotten with a commit that failed, whatever came of it. To be used by one holder, for as long as he is one.
 */
export function holdInMemory(store: Store, { own, shared }: HeldCollections): HeldStore {
  const isHeld = (collection: string): boolean => own.has(collection) || shared.has(collection)
  const sets = new Map<string, RowSet>()
  /** Grows with all that was written or forgotten here: what was read across that may be older than it. */
  let version = 0
  /** Nobody but us committed anything since. */
  let seenRevision: number | undefined
  let commits: Promise<unknown> = Promise.resolve()

  function drop(): void {
    version += 1
    seenRevision = undefined
    sets.clear()
  }

  /** Forgets what people write where anybody else has written since. */
  async function hear(): Promise<void> {
    const revision = await store.revision()
    if (revision === seenRevision) return
    for (const collection of shared) sets.delete(collection)
    version += 1
    seenRevision = revision
  }

  async function rowsOf(collection: string): Promise<RowSet> {
    if (shared.has(collection)) await hear()
    const known = sets.get(collection)
    if (known) return known
    const before = version
    const rows = rowSetOf(collection, await store.list({ collection }))
    if (version === before) sets.set(collection, rows)
    return rows
  }

  function follow(writes: readonly StoreWrite[], revision: number): void {
    version += 1
    if (seenRevision !== undefined && revision === seenRevision + 1) seenRevision = revision
    for (const write of writes) {
      const rows = sets.get(write.collection)
      if (write.type === 'delete') rows?.delete(write.key)
      else rows?.put(write.key, write.value, revision)
    }
  }

  /** One after the other, so that what is written last is what is remembered. */
  async function commitInTurn(
    writes: readonly StoreWrite[],
    preconditions: readonly Precondition[] | undefined,
  ): Promise<number> {
    const kept = writes.map((write) =>
      write.type === 'put' && store.kept && isHeld(write.collection)
        ? { ...write, value: store.kept(write.value) }
        : write,
    )
    try {
      const revision = await store.commit(kept, preconditions)
      if (kept.length > 0) follow(kept, revision)
      return revision
    } catch (error) {
      drop()
      throw error
    }
  }

  return {
    ...store,
    get: async (key) =>
      isHeld(key.collection) ? (await rowsOf(key.collection)).get(key.key) : store.get(key),
    list: async (query) =>
      isHeld(query.collection) ? (await rowsOf(query.collection)).list(query) : store.list(query),
    commit(writes, preconditions) {
      const result = commits.then(() => commitInTurn(writes, preconditions))
      commits = result.catch(() => undefined)
      return result
    },
    drop,
  }
}

function rowSetOf(collection: string, entries: readonly StoreEntry[]): RowSet {
  const rows = new RowSet(collection)
  for (const { key, value, revision } of entries) rows.put(key, value, revision)
  return rows
}
