import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'

/** A change by another program is noticed within this; a look costs some 10 µs, so 0.01 % of a core. */
const pollInterval: Duration = 150

/**
 * Calls back when `look` gives another value than before. SQLite tells nobody of commits by other processes, so
 * they are polled for; `touch` tells of our own at once.
 */
export class ChangeWatch {
  readonly #clock: Clock
  readonly #look: () => unknown
  readonly #callbacks = new Set<() => void>()
  #polling: AbortController | undefined

  constructor(clock: Clock, look: () => unknown) {
    this.#clock = clock
    this.#look = look
  }

  add(onChange: () => void): () => void {
    const callback = () => onChange()
    this.#callbacks.add(callback)
    if (!this.#polling) {
      this.#polling = new AbortController()
      void this.#poll(this.#polling.signal)
    }
    return () => {
      this.#callbacks.delete(callback)
      if (this.#callbacks.size === 0) this.#stop()
    }
  }

  /** Our own commit; a microtask later, so that nobody is called back in the middle of it. */
  touch(): void {
    for (const callback of this.#callbacks) queueMicrotask(() => this.#callbacks.has(callback) && callback())
  }

  close(): void {
    this.#callbacks.clear()
    this.#stop()
  }

  #stop(): void {
    this.#polling?.abort()
    this.#polling = undefined
  }

  async #poll(signal: AbortSignal): Promise<void> {
    let seen = this.#lookSafely()
    while (!signal.aborted) {
      const slept = await this.#clock.sleep(pollInterval, signal).then(
        () => true,
        () => false,
      )
      if (!slept || signal.aborted) return
      const found = this.#lookSafely()
      if (found !== seen) this.touch()
      seen = found
    }
  }

  /** A file that cannot be read just now is a change too: whoever is woken reads it and gets the error itself. */
  #lookSafely(): unknown {
    try {
      return this.#look()
    } catch {
      return 'unreadable'
    }
  }
}
