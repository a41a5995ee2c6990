import type { Clock } from '../../core/clock.ts'
import { fieldsOf } from '../../core/fields.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { Json } from '../../core/store.ts'

/** An answer that may still hold, with the mark that GitHub knows it by. */
interface Remembered {
  readonly etag: string
  readonly value: Json
  /** The day on which it was asked for last, from the epoch. */
  readonly usedOn: number
}

const day = 86_400_000
/** Days after which what nobody asked for is forgotten: its repository is not declared any more, say. */
const keptFor = 7

/**
 * What GitHub answered last, by its ETag: asked again with it, he says "not modified", and that is free. ETags are per
 * credential, so the keys are too. Kept in memory, and in the store for the next start.
 */
export class EtagCache {
  readonly #store: DomainCache | undefined
  readonly #clock: Clock
  readonly #prefix: string
  readonly #known = new Map<string, Remembered | undefined>()
  readonly #unsaved = new Map<string, Json>()
  #prunedOn: number | undefined

  constructor(options: {
    readonly store: DomainCache | undefined
    readonly clock: Clock
    /** Names the credential. */
    readonly owner: string
  }) {
    this.#store = options.store
    this.#clock = options.clock
    // A change of what is kept changes the number: old entries are never found again.
    this.#prefix = `etag/5/${options.owner}`
  }

  async get(path: string): Promise<Remembered | undefined> {
    if (!this.#known.has(path)) {
      const stored = rememberedOf(await this.#store?.get(this.#prefix + path))
      if (!this.#known.has(path)) this.#known.set(path, stored)
    }
    const known = this.#known.get(path)
    if (known && known.usedOn !== this.#today()) this.set(path, known.etag, known.value)
    return known
  }

  set(path: string, etag: string, value: unknown): void {
    // Through JSON: what is remembered is then the same before and after a restart.
    const kept = { etag, value: JSON.parse(JSON.stringify(value)) as Json, usedOn: this.#today() }
    this.#known.set(path, kept)
    this.#unsaved.set(this.#prefix + path, kept)
  }

  async save(): Promise<void> {
    const entries = new Map(this.#unsaved)
    this.#unsaved.clear()
    await this.#store?.put(entries)
    await this.#prune()
  }

  /** Once a day, whoever starts how often. */
  async #prune(): Promise<void> {
    const today = this.#today()
    if (!this.#store || this.#prunedOn === today) return
    this.#prunedOn = today
    if ((await this.#store.get('etag-pruned')) === today) return
    await this.#store.prune('etag/', (value) => {
      const kept = rememberedOf(value)
      return kept !== undefined && Math.abs(today - kept.usedOn) <= keptFor
    })
    await this.#store.put(new Map([['etag-pruned', today]]))
  }

  #today(): number {
    return Math.floor(this.#clock.now() / day)
  }
}

function rememberedOf(value: Json | undefined): Remembered | undefined {
  const { etag, value: inner, usedOn } = fieldsOf(value)
  return typeof etag === 'string' && inner !== undefined && typeof usedOn === 'number'
    ? { etag, value: inner, usedOn }
    : undefined
}
