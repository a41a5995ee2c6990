import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { DueTimes } from './due-times.ts'
import { RetryPace } from './retry-pace.ts'

/** client-go's defaults for a key that fails: 5 ms, doubled each time, at most 1,000 s. */
const retryInitial = 5
const retryMax = 1_000_000

/** Given as a reason, because without one each end would make an error with its stack, which nobody reads. */
const replaced = Symbol('replaced')

/**
 * A queue of keys with the semantics of client-go's workqueue: a key is handed out once at a time; an add while
 * it is worked on is kept and served after; adds of the same key merge; an earlier due time wins.
 */
export class WorkQueue<Key extends string> {
  readonly #clock: Clock
  readonly #chance: () => number
  readonly #ready = new Set<Key>()
  readonly #working = new Set<Key>()
  readonly #again = new Set<Key>()
  readonly #failures = new Map<Key, number>()
  readonly #due = new DueTimes<Key>()
  readonly #pace: RetryPace
  #alarm: { readonly at: number; readonly cancel: AbortController } | undefined
  #takers: (() => void)[] = []
  #isClosed = false

  constructor(clock: Clock, chance: () => number) {
    this.#clock = clock
    this.#chance = chance
    this.#pace = new RetryPace(clock)
  }

  /** Keys that wait for a worker, without those that are due later. */
  get size(): number {
    return this.#ready.size
  }

  add(key: Key): void {
    if (this.#isClosed) return
    this.#due.delete(key)
    if (this.#working.has(key)) this.#again.add(key)
    else {
      this.#ready.add(key)
      this.#wakeTaker()
    }
  }

  /** Adds after a delay; where the key is due already, the earlier time wins. */
  addAfter(key: Key, delay: Duration): void {
    if (this.#isClosed || this.#ready.has(key)) return
    if (delay <= 0) {
      this.add(key)
      return
    }
    this.#due.set(key, this.#clock.monotonic() + delay)
    this.#setAlarm()
  }

  /**
   * Adds keys that failed together, each after a delay that doubles with each of its failures in a row, less up to
   * 10 % by chance; later where too much fails. Those that failed equally often come back together, for one reading.
   */
  retry(...keys: readonly Key[]): void {
    if (keys.length === 0) return
    const share = 1 - 0.1 * this.#chance()
    const turn = this.#pace.reserve()
    for (const key of keys) {
      const failures = this.#failures.get(key) ?? 0
      this.#failures.set(key, failures + 1)
      this.addAfter(key, Math.max(Math.min(retryMax, retryInitial * 2 ** failures) * share, turn))
    }
  }

  /** Forgets the failures of a key. */
  forget(key: Key): void {
    this.#failures.delete(key)
  }

  /** All keys that are ready, at least one; empty once the queue was closed. Each must be given back by `done`. */
  async take(): Promise<readonly Key[]> {
    while (this.#ready.size === 0) {
      if (this.#isClosed) return []
      await new Promise<void>((resolve) => this.#takers.push(resolve))
    }
    const keys = [...this.#ready]
    this.#ready.clear()
    for (const key of keys) this.#working.add(key)
    return keys
  }

  /** Ends the work on a key; one that was added meanwhile is ready again. */
  done(key: Key): void {
    this.#working.delete(key)
    if (this.#again.delete(key)) this.add(key)
  }

  close(): void {
    this.#isClosed = true
    this.#ready.clear()
    this.#alarm?.cancel.abort(replaced)
    for (const wake of this.#takers.splice(0)) wake()
  }

  #wakeTaker(): void {
    this.#takers.shift()?.()
  }

  /** One alarm for all keys, at the earliest due time. */
  #setAlarm(): void {
    const at = this.#due.earliest()
    if (at === undefined || (this.#alarm && this.#alarm.at <= at)) return
    this.#alarm?.cancel.abort(replaced)
    const cancel = new AbortController()
    this.#alarm = { at, cancel }
    this.#clock.sleep(Math.max(0, at - this.#clock.monotonic()), cancel.signal).then(
      () => this.#ring(),
      () => undefined,
    )
  }

  #ring(): void {
    this.#alarm = undefined
    for (const key of this.#due.takeUntil(this.#clock.monotonic())) this.add(key)
    this.#setAlarm()
  }
}
