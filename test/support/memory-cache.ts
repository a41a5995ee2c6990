import type { DomainCache } from '../../src/core/reconciler.ts'
import type { Json } from '../../src/core/store.ts'

/** A domain's cache in a map, for a test to look into. */
export function memoryCache(kept: Map<string, Json>): DomainCache {
  return {
    get: async (key) => kept.get(key),
    list: async (prefix) =>
      [...kept]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, value]) => value),
    put: async (entries) => {
      for (const [key, value] of entries) kept.set(key, value)
    },
    prune: async (prefix, isKept) => {
      for (const [key, value] of kept) if (key.startsWith(prefix) && !isKept(value)) kept.delete(key)
    },
  }
}
