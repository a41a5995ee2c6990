/** What is under way of one kind, and what waits, in the order in which it came. */
interface Line {
  running: number
  readonly waiting: (() => void)[]
}

/** How many actions of a kind run at once; what waits is served in the order in which it came. */
export class Slots {
  readonly #limitOf: (kind: string) => number
  readonly #lines = new Map<string, Line>()

  /** @param limitOf at least 1 for every kind; asked anew each time, because manifests may change it */
  constructor(limitOf: (kind: string) => number) {
    this.#limitOf = limitOf
  }

  /** Runs the work as soon as a slot of its kind is free. */
  async take<T>(kind: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lineOf(kind)
    await new Promise<void>((resolve) => {
      line.waiting.push(resolve)
      this.#serve(kind, line)
    })
    try {
      return await work()
    } finally {
      line.running -= 1
      this.#serve(kind, line)
    }
  }

  /** Lets in as many as the limit allows now, which may be several, or nobody although one has left. */
  #serve(kind: string, line: Line): void {
    while (line.running < this.#limitOf(kind)) {
      const enter = line.waiting.shift()
      if (!enter) return
      line.running += 1
      enter()
    }
  }

  #lineOf(kind: string): Line {
    const known = this.#lines.get(kind)
    if (known) return known
    const line: Line = { running: 0, waiting: [] }
    this.#lines.set(kind, line)
    return line
  }
}
