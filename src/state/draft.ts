import type { Json, RecordKey, Store, StoreWrite } from '../core/store.ts'

/**
 * Writes that are being put together for one commit: what was put in is what is read back, and what was read
 * must still be so when the commit takes effect.
 */
export class Draft {
  readonly #store: Store
  readonly #revisions = new Map<
    string,
    Promise<{ readonly value: Json | undefined; readonly revision: number }>
  >()
  readonly #writes = new Map<string, StoreWrite>()

  constructor(store: Store) {
    this.#store = store
  }

  get isEmpty(): boolean {
    return this.#writes.size === 0
  }

  get size(): number {
    return this.#writes.size
  }

  async read({ collection, key }: RecordKey): Promise<Json | undefined> {
    const name = nameOf({ collection, key })
    const write = this.#writes.get(name)
    if (write) return write.type === 'put' ? write.value : undefined
    const known = this.#revisions.get(name)
    const read =
      known ??
      this.#store
        .get({ collection, key })
        .then((entry) => ({ value: entry?.value, revision: entry?.revision ?? 0 }))
    this.#revisions.set(name, read)
    return (await read).value
  }

  put({ collection, key }: RecordKey, value: Json): void {
    this.#writes.set(nameOf({ collection, key }), { type: 'put', collection, key, value })
  }

  delete({ collection, key }: RecordKey): void {
    this.#writes.set(nameOf({ collection, key }), { type: 'delete', collection, key })
  }

  /** The writes, each with the revision at which its record was read, where it was. */
  async writes(): Promise<readonly StoreWrite[]> {
    return Promise.all(
      [...this.#writes].map(async ([name, write]) => {
        const read = await this.#revisions.get(name)
        return read ? { ...write, expected: read.revision } : write
      }),
    )
  }
}

function nameOf({ collection, key }: RecordKey): string {
  return `${collection} ${key}`
}
