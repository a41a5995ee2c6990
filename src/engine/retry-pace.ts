import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'

/** client-go's overall limit: a hundred retries at once, and ten a second after them. */
const spacing: Duration = 100
const burst = 100

/** The pace of all retries of a domain together, whatever each key's own back-off says: a bucket of tokens. */
export class RetryPace {
  readonly #clock: Clock
  /** By the monotonic clock: when the bucket will have given its last token, were it without a burst. */
  #spentUntil = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes a token; how long to wait for it. */
  reserve(): Duration {
    const now = this.#clock.monotonic()
    this.#spentUntil = Math.max(this.#spentUntil, now - burst * spacing) + spacing
    return Math.max(0, this.#spentUntil - now)
  }
}
