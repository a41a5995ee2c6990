/** Milliseconds in which calls are counted. */
const window = 60_000

/** Counts calls by the minute, as Netlify does for each credential. */
export class Rate {
  readonly limit: number
  #count = 0
  #startedAt = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Counts one call; false: it is one too many. */
  take(): boolean {
    if (Date.now() >= this.resetAt) {
      this.#startedAt = Date.now()
      this.#count = 0
    }
    this.#count += 1
    return this.#count <= this.limit
  }

  get remaining(): number {
    return Math.max(0, this.limit - this.#count)
  }

  /** Epoch milliseconds. */
  get resetAt(): number {
    return this.#startedAt + window
  }

  /** As if so much time had gone by. */
  age(milliseconds: number): void {
    this.#startedAt -= milliseconds
  }

  /** As if so much of the minute were left. */
  endIn(milliseconds: number): void {
    this.#startedAt = Date.now() + milliseconds - window
  }
}
