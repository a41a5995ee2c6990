import type { Clock } from '../core/clock.ts'

/** When a burst of saves counts as over, in milliseconds. */
export const settleTimes = Object.freeze({
  /** Quiet after the last event: an editor that writes, renames and touches makes one change. */
  quiet: 50,
  /** Longest wait after the first event, however many follow. */
  longest: 500,
})

/** Joins a burst of events into one call. */
export class Settling {
  readonly #clock: Clock
  readonly #onSettled: (paths: readonly string[]) => void
  readonly #stopped = new AbortController()
  readonly #paths = new Set<string>()
  #lastAt = 0
  #isWaiting = false

  constructor(clock: Clock, onSettled: (paths: readonly string[]) => void) {
    this.#clock = clock
    this.#onSettled = onSettled
  }

  notice(path: string): void {
    this.#paths.add(path)
    this.#lastAt = this.#clock.monotonic()
    if (!this.#isWaiting) void this.#wait(this.#lastAt)
  }

  /** Ends the wait without a call. */
  stop(): void {
    this.#stopped.abort()
  }

  async #wait(firstAt: number): Promise<void> {
    this.#isWaiting = true
    const { signal } = this.#stopped
    try {
      for (;;) {
        const now = this.#clock.monotonic()
        const rest = Math.min(this.#lastAt + settleTimes.quiet, firstAt + settleTimes.longest) - now
        if (rest <= 0) break
        await this.#clock.sleep(rest, signal)
      }
    } catch (error) {
      if (signal.aborted) return
      throw error
    } finally {
      this.#isWaiting = false
    }
    if (signal.aborted) return
    const paths = [...this.#paths].sort()
    this.#paths.clear()
    this.#onSettled(paths)
  }
}
