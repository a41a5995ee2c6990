import { type FSWatcher, watch } from 'node:fs'
import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'

/** A change by another program is noticed within this; a look costs some 10 µs, and waking up for it ten times that. */
const pollInterval: Duration = 150
/** Where the system tells of writes it is looked at all the same: some file systems do not tell of everything. */
const toldInterval: Duration = 1000
/** A write is told of before it is committed, which waits for the disk. */
const looksAfterWrite = 3

interface Watched {
  /** Gives another value after each commit by another program. */
  readonly look: () => unknown
  /** A file that is there for as long as this looks, and is written with each commit. Default: it is only looked at. */
  readonly written?: string
}

/**
 * Calls back when `look` gives another value than before. SQLite tells nobody of commits by other processes, so they
 * are looked for, more often after the file was written; `touch` tells of our own at once.
 */
export class ChangeWatch {
  readonly #clock: Clock
  readonly #watched: Watched
  readonly #callbacks = new Set<() => void>()
  #polling: Polling | undefined

  constructor(clock: Clock, watched: Watched) {
    this.#clock = clock
    this.#watched = watched
  }

  add(onChange: () => void): () => void {
    const callback = () => onChange()
    this.#callbacks.add(callback)
    this.#polling ??= new Polling(this.#clock, this.#watched, () => this.touch())
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
    this.#polling?.stop()
    this.#polling = undefined
  }
}

/** Looks until it is stopped. */
class Polling {
  readonly #clock: Clock
  readonly #look: () => unknown
  readonly #changed: () => void
  /** Undefined: nobody tells of writes. */
  #watcher: FSWatcher | undefined
  #nap = new AbortController()
  #looksLeft = 0
  #isOver = false

  constructor(clock: Clock, { look, written }: Watched, changed: () => void) {
    this.#clock = clock
    this.#look = look
    this.#changed = changed
    this.#watcher = written === undefined ? undefined : this.#listen(written)
    void this.#run()
  }

  stop(): void {
    this.#isOver = true
    this.#deafen()
    this.#nap.abort()
  }

  /** Undefined where the system has no watch left to give, or none at all. */
  #listen(file: string): FSWatcher | undefined {
    try {
      const watcher = watch(file, { persistent: false }, (event) => {
        // It was taken away or replaced, and nothing will be told of the one that is there now.
        if (event === 'rename') this.#deafen()
        this.#looksLeft = looksAfterWrite
        this.#nap.abort()
      })
      return watcher.on('error', () => this.#deafen())
    } catch {
      return undefined
    }
  }

  #deafen(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  async #run(): Promise<void> {
    let seen = this.#lookSafely()
    for (;;) {
      const isCalm = this.#watcher !== undefined && this.#looksLeft === 0
      this.#nap = new AbortController()
      const isRested = await this.#clock.sleep(isCalm ? toldInterval : pollInterval, this.#nap.signal).then(
        () => true,
        () => false,
      )
      if (this.#isOver) return
      if (isRested && this.#looksLeft > 0) this.#looksLeft -= 1
      const found = this.#lookSafely()
      if (found !== seen) this.#changed()
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
