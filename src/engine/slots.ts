/** How many actions of a kind run at once; what waits is served in the order in which it came. */
export class Slots {
  readonly #limitOf: (kind: string) => number
  readonly #running = new Map<string, number>()
  readonly #waiting = new Map<string, (() => void)[]>()

  /** @param limitOf at least 1 for every kind; asked anew each time, because manifests may change it */
  constructor(limitOf: (kind: string) => number) {
    this.#limitOf = limitOf
  }

  /** Runs the work as soon as a slot of its kind is free. */
  async take<T>(kind: string, work: () => Promise<T>): Promise<T> {
    await this.#enter(kind)
    try {
      return await work()
    } finally {
      this.#leave(kind)
    }
  }

  #enter(kind: string): Promise<void> | undefined {
    const running = this.#running.get(kind) ?? 0
    if (running < this.#limitOf(kind)) {
      this.#running.set(kind, running + 1)
      return undefined
    }
    return new Promise((resolve) => {
      const queue = this.#waiting.get(kind) ?? []
      queue.push(resolve)
      this.#waiting.set(kind, queue)
    })
  }

  /** Hands the slot to the next one, or gives it back. */
  #leave(kind: string): void {
    const next = this.#waiting.get(kind)?.shift()
    if (next) next()
    else this.#running.set(kind, (this.#running.get(kind) ?? 1) - 1)
  }
}
