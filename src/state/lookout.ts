import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import type { Store } from '../core/store.ts'

/** Hints may be lost, so whoever waits looks so often by himself too. */
const lookInterval: Duration = 500

/** Waits for changes of a store; one that comes while its owner reads is not missed. Stop it after. */
export class Lookout {
  readonly #clock: Clock
  readonly #stopWatch: () => void
  #woken = new AbortController()

  constructor(store: Store, clock: Clock) {
    this.#clock = clock
    this.#stopWatch = store.watch(() => this.#woken.abort())
  }

  /** Resolves when the store changed since the last call, after a while, or when the signal is aborted. */
  async next(signal: AbortSignal | undefined): Promise<void> {
    const either = signal ? AbortSignal.any([signal, this.#woken.signal]) : this.#woken.signal
    try {
      if (!either.aborted) await this.#clock.sleep(lookInterval, either)
    } catch (error) {
      if (!either.aborted) throw error
    }
    if (this.#woken.signal.aborted) this.#woken = new AbortController()
  }

  stop(): void {
    this.#stopWatch()
  }
}
