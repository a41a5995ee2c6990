import type { Store, StoreWrite } from '../core/store.ts'
import { decodeEntry, text } from './codec.ts'
import type { Fence } from './fence.ts'
import { scopeOf } from './record-key.ts'
import { openSeal } from './seal.ts'

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

interface Sealed {
  readonly text: string
  readonly sealed: string
}

/**
 * `lease` absent: read-only. A manifest may hold a secret in clear, so its text is sealed. Keys begin with the environment, because an
 * overlay changes what a file means.
 */
export function openLastGood(options: {
  readonly store: Store
  readonly environment: string | undefined
  readonly lease?: Fence
}): LastGood {
  const { store, lease } = options
  const scope = scopeOf(options.environment)
  const seal = openSeal(store.secretKey)
  /** What was sealed last: of a thousand texts one has changed. */
  let sealed: ReadonlyMap<string, Sealed> = new Map()

  function sealAnew(path: string, value: string): Sealed {
    const before = sealed.get(path)
    if (before?.text === value) return before
    return { text: value, sealed: seal.close({ collection, key: `${scope}${path}` }, value) }
  }

  async function load(): Promise<ReadonlyMap<string, string>> {
    const entries = await store.list({ collection, prefix: scope })
    return new Map(
      entries.map((entry) => [entry.key.slice(scope.length), seal.open(entry, decodeEntry(entry, text))]),
    )
  }

  return {
    load,
    async save({ texts, isWhole }) {
      if (!lease) throw new TypeError('Expected a lease to save the last good manifests, got none')
      const entries = await store.list({ collection, prefix: scope })
      const stored = new Map(entries.map(({ key, value }) => [key.slice(scope.length), value]))
      sealed = new Map([...texts].map(([path, value]) => [path, sealAnew(path, value)]))
      const writes: StoreWrite[] = []
      for (const [path, { sealed: value }] of sealed) {
        if (stored.get(path) !== value)
          writes.push({ type: 'put', collection, key: `${scope}${path}`, value })
      }
      for (const path of stored.keys()) {
        if (isWhole && !sealed.has(path)) writes.push({ type: 'delete', collection, key: `${scope}${path}` })
      }
      if (writes.length > 0) await store.commit(writes, [lease.guard()])
    },
  }
}
