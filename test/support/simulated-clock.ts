import type { Clock } from '../../src/core/clock.ts'
import type { Duration } from '../../src/core/duration.ts'

/** Who sleeps: a dead one is never woken, a paused one only after its pause. */
export interface Sleeper {
  readonly isDead: boolean
  /** Virtual milliseconds. */
  readonly pausedUntil: number
}

interface Alarm {
  readonly at: number
  /** Decides among alarms of one moment. */
  readonly rank: number
  readonly sleeper: Sleeper | undefined
  ring: (() => void) | undefined
}

/** A Sunday, 00:25 UTC: windows by the hour begin within a short run. */
const epoch = Date.UTC(2026, 0, 4, 0, 25)

/**
 * Virtual time. It stands still while anything can run, and moves to the next alarm when nothing can: a run of
 * hours takes milliseconds and is the same each time. Ties are broken by the given chance, or first come first.
 */
export class SimulatedTime {
  #now = 0
  #rank = 0
  readonly #chance: (() => number) | undefined
  #heap: Alarm[] = []

  constructor(chance?: () => number) {
    this.#chance = chance
  }

  /** Virtual milliseconds since the beginning. */
  get now(): number {
    return this.#now
  }

  sleep(duration: Duration, signal?: AbortSignal, sleeper?: Sleeper): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      this.#rank += 1
      const alarm: Alarm = {
        at: this.#now + Math.max(0, duration),
        rank: this.#chance?.() ?? this.#rank,
        sleeper,
        ring: resolve,
      }
      if (signal) {
        const stop = () => {
          alarm.ring = undefined
          reject(signal.reason)
        }
        alarm.ring = () => {
          signal.removeEventListener('abort', stop)
          resolve()
        }
        signal.addEventListener('abort', stop, { once: true })
      }
      this.#push(alarm)
    })
  }

  /** Lets everything run that can, and moves on to the next alarm; what that wakes runs at the next step. False: nothing sleeps. */
  async step(): Promise<boolean> {
    await settleMicrotasks()
    for (;;) {
      const alarm = this.#pop()
      if (!alarm) return false
      if (!alarm.ring || alarm.sleeper?.isDead) continue
      if (alarm.sleeper && alarm.sleeper.pausedUntil > alarm.at) {
        this.#push({ ...alarm, at: alarm.sleeper.pausedUntil })
        // The old alarm object is what an abort silences; a paused sleeper is not aborted from outside.
        continue
      }
      this.#now = Math.max(this.#now, alarm.at)
      alarm.ring()
      return true
    }
  }

  /** Runs until the work has ended; rejects where it can never end, or after `most` steps. */
  async run<T>(work: Promise<T>, most = 1_000_000): Promise<T> {
    let isOver = false
    const end = () => {
      isOver = true
    }
    work.then(end, end)
    for (let steps = 0; ; steps += 1) {
      await settleMicrotasks()
      if (isOver) return work
      if (steps >= most) throw new Error(`Expected the work to end within ${most} steps`)
      if (!(await this.step())) {
        if (isOver) return work
        throw new Error('Expected the work to end, but it waits for nothing that will come')
      }
    }
  }

  /** Runs all that is due within so many virtual milliseconds. */
  async pass(duration: Duration): Promise<void> {
    await this.run(this.sleep(duration))
  }

  /** Lets everything run that can without time going on. */
  settle(): Promise<void> {
    return settleMicrotasks()
  }

  /** A clock on this time. `epochOffset` is what the wall clock is off; monotonic time knows nothing of it. */
  clock(options: { readonly sleeper?: Sleeper; readonly epochOffset?: () => number } = {}): Clock {
    return {
      now: () => epoch + Math.floor(this.#now) + (options.epochOffset?.() ?? 0),
      monotonic: () => this.#now,
      sleep: (duration, signal) => this.sleep(duration, signal, options.sleeper),
    }
  }

  #isBefore(a: Alarm, b: Alarm): boolean {
    return a.at < b.at || (a.at === b.at && a.rank < b.rank)
  }

  #push(alarm: Alarm): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(alarm)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex] as Alarm
      if (!this.#isBefore(alarm, parent)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = alarm
  }

  #pop(): Alarm | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (!top || !last || heap.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && this.#isBefore(right, heap[child] as Alarm)) child += 1
      const smallest = heap[child] as Alarm
      if (!this.#isBefore(smallest, last)) break
      heap[index] = smallest
      index = child
    }
    heap[index] = last
    return top
  }
}

/** Lets every promise that can go on do so: a macrotask comes after all microtasks. */
function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
