import type { Store, StoreWrite } from '../core/store.ts'
import { decodeEntry, text } from './codec.ts'
import type { Fence } from './fence.ts'
import { scopeOf } from './record-key.ts'

const collection = 'last-good'

/** For every manifest file what it said when it was last valid: stands in while the file is broken. */
export interface LastGood {
  /** Text by path, as it was saved. */
  load(): Promise<ReadonlyMap<string, string>>
  /**
   * Keeps these; writes only what differs. Others are dropped only where all manifests were read (`isWhole`): what is
   * not among some of them may be as good as ever.
   */
  save(read: { readonly texts: ReadonlyMap<string, string>; readonly isWhole: boolean }): Promise<void>
}

/** `lease` absent: read-only. Keys begin with the environment, because an overlay changes what a file means. */
export function openLastGood(options: {
  readonly store: Store
  readonly environment: string | undefined
  readonly lease?: Fence
}): LastGood {
  const { store, lease } = options
  const scope = scopeOf(options.environment)

  async function load(): Promise<ReadonlyMap<string, string>> {
    const entries = await store.list({ collection, prefix: scope })
    return new Map(entries.map((entry) => [entry.key.slice(scope.length), decodeEntry(entry, text)]))
  }

  return {
    load,
    async save({ texts, isWhole }) {
      if (!lease) throw new TypeError('Expected a lease to save the last good manifests, got none')
      const stored = await load()
      const writes: StoreWrite[] = []
      for (const [path, value] of texts) {
        if (stored.get(path) !== value)
          writes.push({ type: 'put', collection, key: `${scope}${path}`, value })
      }
      for (const path of stored.keys()) {
        if (isWhole && !texts.has(path)) writes.push({ type: 'delete', collection, key: `${scope}${path}` })
      }
      if (writes.length > 0) await store.commit(writes, [lease.guard()])
    },
  }
}
