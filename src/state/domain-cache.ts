import type { DomainCache } from '../core/reconciler.ts'
import type { Json, Store, StoreEntry } from '../core/store.ts'
import type { Fence } from './fence.ts'

export const domainCacheCollection = 'domain-cache'

/** Entries that are looked through at once: one may be some tens of kilobytes. */
const pageSize = 50

/**
 * A domain's own memory of what it read, such as ETags with what they stand for. `lease` absent: it is read and never
 * written, as in a dry run.
 */
export function openDomainCache(options: {
  readonly store: Store
  /** The domain; each one sees its own entries alone. */
  readonly kind: string
  readonly lease: Fence | undefined
}): DomainCache {
  const { store, kind, lease } = options
  const keyed = (key: string) => `${kind}/${key}`
  async function* pagesOf(prefix: string): AsyncGenerator<readonly StoreEntry[]> {
    for (let after: string | undefined; ; ) {
      const page = await store.list({
        collection: domainCacheCollection,
        prefix: keyed(prefix),
        limit: pageSize,
        ...(after !== undefined && { after }),
      })
      yield page
      after = page.at(-1)?.key
      if (page.length < pageSize) return
    }
  }
  return {
    async get(key): Promise<Json | undefined> {
      return (await store.get({ collection: domainCacheCollection, key: keyed(key) }))?.value
    },
    async list(prefix) {
      const found: Json[] = []
      for await (const page of pagesOf(prefix)) found.push(...page.map(({ value }) => value))
      return found
    },
    async put(entries) {
      if (!lease || entries.size === 0) return
      const writes = [...entries].map(([key, value]) => ({
        type: 'put' as const,
        collection: domainCacheCollection,
        key: keyed(key),
        value,
      }))
      await store.commit(writes, [lease.guard()])
    },
    async prune(prefix, isKept) {
      if (!lease) return
      for await (const page of pagesOf(prefix)) {
        const gone = page.filter(({ value }) => !isKept(value))
        const writes = gone.map(({ key }) => ({
          type: 'delete' as const,
          collection: domainCacheCollection,
          key,
        }))
        if (writes.length > 0) await store.commit(writes, [lease.guard()])
      }
    },
  }
}
