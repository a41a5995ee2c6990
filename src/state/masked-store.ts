import { maskMessages } from '../core/masked-messages.ts'
import type { SecretMask } from '../core/secret-mask.ts'
import type { Store, StoreWrite } from '../core/store.ts'
import { domainCacheCollection } from './domain-cache.ts'

/**
 * A store that keeps no secret: messages are written without those that are known by then. What a domain caches is exact
 * or nothing, so an entry that holds one is not kept.
 */
export function withoutSecrets(store: Store, mask: SecretMask): Store {
  const cleaned = (write: StoreWrite): readonly StoreWrite[] => {
    if (write.type === 'delete') return [write]
    if (write.collection !== domainCacheCollection)
      return [{ ...write, value: maskMessages(write.value, mask) }]
    const { collection, key } = write
    return mask.finds(JSON.stringify(write.value)) ? [{ type: 'delete', collection, key }] : [write]
  }
  return {
    id: store.id,
    secretKey: store.secretKey,
    location: store.location,
    kept: (value) => maskMessages(value, mask),
    get: (key) => store.get(key),
    list: (query) => store.list(query),
    revision: () => store.revision(),
    commit: (writes, preconditions) =>
      store.commit(mask.isEmpty ? writes : writes.flatMap(cleaned), preconditions),
    watch: (onChange) => store.watch(onChange),
    close: () => store.close(),
  }
}
