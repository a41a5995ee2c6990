import type { Clock } from '../../core/clock.ts'

/** A vendor's clock, as far as his answers tell it. */
export class VendorClock {
  readonly #clock: Clock
  #ahead = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds that it is ahead of ours, by his last answer. */
  get ahead(): number {
    return this.#ahead
  }

  /** Epoch milliseconds by his clock. */
  now(): number {
    return this.#clock.now() + this.#ahead
  }

  /** Learns from the `date` of an answer, and from when it was asked for. */
  learn(told: string | null | undefined, askedAt: number): void {
    const date = Date.parse(told ?? '')
    // The header counts whole seconds: half of one is its best guess.
    if (Number.isFinite(date)) this.#ahead = Math.round(date + 500 - (askedAt + this.#clock.now()) / 2)
  }
}
