import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { backoffAfter } from './backoff.ts'

/** The first wait, in ms; each is twice the last. Nor is it read sooner than this whoever asks for it. */
const least: Duration = 1_000

/** Given as a reason, because without one each end would make an error with its stack, which nobody reads. */
const hurried = Symbol('hurried')

/**
 * When a domain may be read. At once while it can be; while it cannot, all its keys wait here for one reading, each
 * later than the last, so that a domain that is down costs one call at a time however many resources it has.
 */
export class ReadingPace {
  readonly #clock: Clock
  readonly #chance: () => number
  #failures = 0
  #failedAt = 0
  #isHurried = false
  #cut: AbortController | undefined
  #isClosed = false

  constructor(clock: Clock, chance: () => number) {
    this.#clock = clock
    this.#chance = chance
  }

  failed(): void {
    this.#failures += 1
    this.#failedAt = this.#clock.monotonic()
    this.#isHurried = false
  }

  succeeded(): void {
    this.#failures = 0
  }

  /** Somebody has a reason to think that it is back, or waits for an answer. */
  hurry(): void {
    this.#isHurried = true
    this.#cut?.abort(hurried)
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true
    this.#cut?.abort(hurried)
  }

  /** Resolves when it may be read; after `longest` at the latest. */
  async turn(longest: Duration): Promise<void> {
    if (this.#failures === 0) return
    const policy = { initial: Math.min(least, longest), factor: 2, max: longest }
    const due = this.#failedAt + backoffAfter(this.#failures, policy, this.#chance())
    while (!this.#isClosed) {
      const at = this.#isHurried ? Math.min(due, this.#failedAt + policy.initial) : due
      const left = at - this.#clock.monotonic()
      if (left <= 0) return
      const cut = new AbortController()
      this.#cut = cut
      await this.#clock.sleep(left, cut.signal).catch((error: unknown) => {
        if (error !== hurried) throw error
      })
    }
  }
}
