import type { DomainCache } from '../../core/reconciler.ts'
import type { Json } from '../../core/store.ts'

/** An answer that may still hold, with the mark that GitHub knows it by. */
interface Remembered {
  readonly etag: string
  readonly value: Json
}

/**
 * What GitHub answered last, by its ETag: asked again with it, he says "not modified", and that is free. ETags are per
 * credential, so the keys are too. Kept in memory, and in the store for the next start.
 */
export class EtagCache {
  readonly #store: DomainCache | undefined
  readonly #prefix: string
  readonly #known = new Map<string, Remembered | undefined>()
  readonly #unsaved = new Map<string, Json>()

  constructor(store: DomainCache | undefined, owner: string) {
    this.#store = store
    // A change of what is kept changes the number: old entries are never found again.
    this.#prefix = `etag/2/${owner}`
  }

  async get(path: string): Promise<Remembered | undefined> {
    if (this.#known.has(path)) return this.#known.get(path)
    const stored = rememberedOf(await this.#store?.get(this.#prefix + path))
    if (!this.#known.has(path)) this.#known.set(path, stored)
    return this.#known.get(path)
  }

  set(path: string, etag: string, value: unknown): void {
    // Through JSON: what is remembered is then the same before and after a restart.
    const kept = { etag, value: JSON.parse(JSON.stringify(value)) as Json }
    this.#known.set(path, kept)
    this.#unsaved.set(this.#prefix + path, kept)
  }

  async save(): Promise<void> {
    const entries = new Map(this.#unsaved)
    this.#unsaved.clear()
    await this.#store?.put(entries)
  }
}

function rememberedOf(value: Json | undefined): Remembered | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  const { etag, value: inner } = value as Readonly<Record<string, Json>>
  return typeof etag === 'string' && inner !== undefined ? { etag, value: inner } : undefined
}
