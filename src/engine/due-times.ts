interface Entry<Key> {
  readonly key: Key
  readonly at: number
}

/** The heap is swept once it holds so many entries more than keys, so that a small one never is. */
const sweepSlack = 64

/**
 * Keys with the time at which each is due; the earliest time of a key wins. A binary heap with lazy removal, which
 * never holds more than twice as many entries as there are keys, and a few.
 */
export class DueTimes<Key> {
  readonly #times = new Map<Key, number>()
  #heap: Entry<Key>[] = []

  set(key: Key, at: number): void {
    const before = this.#times.get(key)
    if (before !== undefined && before <= at) return
    this.#times.set(key, at)
    this.#push({ key, at })
    this.#sweep()
  }

  delete(key: Key): void {
    if (this.#times.delete(key)) this.#sweep()
  }

  /** How many entries it holds in memory, stale ones among them. */
  get heldEntries(): number {
    return this.#heap.length
  }

  /** The earliest due time; undefined: nothing is due. */
  earliest(): number | undefined {
    this.#dropStale()
    return this.#heap[0]?.at
  }

  /** Removes and gives all keys that are due at `now`, earliest first. */
  takeUntil(now: number): readonly Key[] {
    const keys: Key[] = []
    for (;;) {
      this.#dropStale()
      const top = this.#heap[0]
      if (!top || top.at > now) return keys
      this.#pop()
      this.#times.delete(top.key)
      keys.push(top.key)
    }
  }

  /** Takes out all stale entries when they are the greater part: their times may lie weeks ahead. */
  #sweep(): void {
    if (this.#heap.length <= 2 * this.#times.size + sweepSlack) return
    const entries = [...this.#times].map(([key, at]) => ({ key, at }))
    // A sorted list is a heap.
    this.#heap = entries.sort((a, b) => a.at - b.at)
  }

  /** Entries that were deleted or replaced by an earlier time stay in the heap until they come up, or are swept. */
  #dropStale(): void {
    for (let top = this.#heap[0]; top && this.#times.get(top.key) !== top.at; top = this.#heap[0]) this.#pop()
  }

  #push(entry: Entry<Key>): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex] as Entry<Key>
      if (parent.at <= entry.at) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && right.at < (heap[child] as Entry<Key>).at) child += 1
      const smallest = heap[child] as Entry<Key>
      if (smallest.at >= last.at) break
      heap[index] = smallest
      index = child
    }
    heap[index] = last
  }
}
