import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly at: number
  readonly wake: () => void
}

/** A clock that a test moves; what waits for it runs when its time comes, in order. */
export class FakeClock implements Clock {
  #time = 0
  #start: number
  readonly #timers = new Set<Timer>()

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#start = start
  }

  now(): number {
    return this.#start + this.#time
  }

  monotonic(): number {
    return this.#time
  }

  sleep(duration: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = () => {
        this.#timers.delete(timer)
        reject(signal?.reason)
      }
      const timer: Timer = {
        at: this.#time + duration,
        wake: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#timers.add(timer)
    })
  }

  /** Moves on, stopping at every timer on the way so that what it wakes can set the next. */
  async advance(duration: number): Promise<void> {
    const end = this.#time + duration
    await settle()
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers.delete(next)
      this.#time = Math.max(this.#time, next.at)
      next.wake()
      await settle()
    }
    this.#time = end
    await settle()
  }

  /** As somebody sets a wrong clock back: only what people read goes back. */
  setBack(duration: number): void {
    this.#start -= duration
  }

  /** Jumps as after a pause of the whole program: no timer runs on the way. */
  jump(duration: number): void {
    this.#time += duration
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
