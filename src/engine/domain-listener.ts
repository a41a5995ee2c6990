import { messageOf } from '../core/errors.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import type { World } from './world.ts'

/** Listens to domains, each from when it is used first; what a domain tells wakes keys, and nothing depends on it. */
export class DomainListener {
  readonly #world: World
  readonly #wake: (id: ResourceId) => void
  /** How to stop listening, by kind; undefined: the domain tells nothing. */
  readonly #stops = new Map<string, (() => void) | undefined>()
  #isOver = false

  constructor(world: World, wake: (id: ResourceId) => void) {
    this.#world = world
    this.#wake = wake
  }

  /** One that cannot be reached is tried again the next time. */
  async listenTo(kinds: ReadonlySet<string>): Promise<void> {
    for (const kind of kinds) {
      if (this.#stops.has(kind) || this.#isOver) continue
      try {
        const connection = await this.#world.connect(kind)
        if (this.#stops.has(kind) || this.#isOver) continue
        this.#stops.set(
          kind,
          connection.watch?.((id: ResourceId) => this.#wake(id)),
        )
      } catch (error) {
        this.#world.logger.warn({ kind, error: messageOf(error) }, 'domain could not be listened to')
      }
    }
  }

  /** Tells each domain whom it is still asked about, so that what was removed is neither listened for nor probed. */
  async retain(ids: ReadonlySet<ResourceId>): Promise<void> {
    const byKind = Map.groupBy(ids, kindOf)
    for (const kind of this.#stops.keys()) {
      try {
        const connection = await this.#world.connect(kind)
        connection.retain?.(new Set(byKind.get(kind)))
      } catch (error) {
        this.#world.logger.warn({ kind, error: messageOf(error) }, 'domain could not be told who is left')
      }
    }
  }

  stop(): void {
    this.#isOver = true
    for (const stop of this.#stops.values()) stop?.()
  }
}
