import type { Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Json } from '../../core/store.ts'

/** The share of the hourly limit that reads leave for writes. */
const reserveShare = 0.2

/** GitHub's rule for a secondary limit that names no time: at least a minute, then longer. Milliseconds. */
const secondaryPause = Object.freeze({ initial: 60_000, max: 3_600_000 })

/**
 * What GitHub still takes of us. Calls are stopped here before he refuses them: who goes on calling over a limit is
 * banned for longer. See docs.github.com, "Rate limits for the REST API".
 */
export class Budget {
  readonly #clock: Clock
  #limit: number | undefined
  #remaining: number | undefined
  /** Epoch milliseconds by GitHub's clock. */
  #resetAt = 0
  /** Epoch milliseconds by our clock; a secondary limit. */
  #pausedUntil = 0
  #strikes = 0
  #inFlight = 0
  #used = 0
  #clockAhead = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get used(): number {
    return this.#used
  }

  get remaining(): number | undefined {
    return this.#isOver() ? undefined : this.#remaining
  }

  get clockAhead(): number {
    return this.#clockAhead
  }

  /** Rejects a call that should not be made now. */
  assertMay(kind: 'read' | 'write'): void {
    const now = this.#clock.now()
    if (this.#pausedUntil > now) throw rateLimited('asked us to wait', this.#pausedUntil - now)
    if (this.#remaining === undefined || this.#limit === undefined || this.#isOver()) return
    const floor = kind === 'read' ? Math.ceil(this.#limit * reserveShare) : 0
    if (this.#remaining - this.#inFlight > floor) return
    const why =
      kind === 'read'
        ? `has ${this.#remaining} of ${this.#limit} calls left, which are kept for writes`
        : 'has no calls left'
    throw rateLimited(why, this.#resetAt - this.#vendorNow())
  }

  /** Counts a call on its way; returns what ends it. */
  begin(): () => void {
    this.#inFlight += 1
    return () => {
      this.#inFlight -= 1
    }
  }

  /** Learns from an answer. A 304 to who is authorised is free. */
  learn(answer: { readonly status: number; readonly headers: Headers; readonly askedAt: number }): void {
    const { status, headers, askedAt } = answer
    if (status !== 304) this.#used += 1
    const date = Date.parse(headers.get('date') ?? '')
    const now = this.#clock.now()
    // The header counts whole seconds: half of one is its best guess.
    if (Number.isFinite(date)) this.#clockAhead = Math.round(date + 500 - (askedAt + now) / 2)
    const limit = wholeNumber(headers.get('x-ratelimit-limit'))
    const remaining = wholeNumber(headers.get('x-ratelimit-remaining'))
    const reset = wholeNumber(headers.get('x-ratelimit-reset'))
    if (limit === undefined || remaining === undefined || reset === undefined) return
    const resetAt = reset * 1000
    // Answers overtake each other: within one window the lower count is the newer one.
    const isSameWindow = resetAt === this.#resetAt && this.#remaining !== undefined && !this.#isOver()
    this.#remaining = isSameWindow ? Math.min(this.#remaining ?? remaining, remaining) : remaining
    this.#limit = limit
    this.#resetAt = resetAt
    if (status < 400) this.#strikes = 0
  }

  /** The refusal that an answer was, if it was one for too many calls; undefined: it was something else. */
  refusal(answer: {
    readonly status: number
    readonly headers: Readonly<Record<string, string | number | undefined>>
    readonly message: string
  }): ReconcileError | undefined {
    const { status, headers, message } = answer
    if (status !== 403 && status !== 429) return undefined
    const retryAfter = wholeNumber(String(headers['retry-after'] ?? ''))
    const isPrimary = String(headers['x-ratelimit-remaining'] ?? '') === '0'
    const isSecondary = retryAfter !== undefined || /secondary rate|abuse detection/i.test(message)
    if (status === 403 && !isPrimary && !isSecondary && !/rate limit exceeded/i.test(message))
      return undefined
    if (isPrimary && retryAfter === undefined && this.#resetAt > this.#vendorNow()) {
      this.#remaining = 0
      return rateLimited('has no calls left', this.#resetAt - this.#vendorNow())
    }
    const growing = Math.min(secondaryPause.max, secondaryPause.initial * 2 ** this.#strikes)
    this.#strikes += 1
    const pause = retryAfter === undefined ? growing : Math.max(1, retryAfter) * 1000
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + pause)
    return rateLimited('asked us to wait', pause)
  }

  /** For the next start, so that it does not begin by running into the same limit. */
  toJson(): Json {
    return {
      limit: this.#limit ?? null,
      remaining: this.#remaining ?? null,
      resetAt: this.#resetAt,
      pausedUntil: this.#pausedUntil,
    }
  }

  /** Takes over what an earlier start learned. */
  recall(value: Json | undefined): void {
    if (value === null || typeof value !== 'object' || this.#limit !== undefined) return
    const { limit, remaining, resetAt, pausedUntil } = value as Readonly<Record<string, Json>>
    if (typeof pausedUntil === 'number') {
      // Never longer than a pause can be: the clock may have been set back.
      this.#pausedUntil = Math.min(pausedUntil, this.#clock.now() + secondaryPause.max)
    }
    if (typeof limit !== 'number' || typeof remaining !== 'number' || typeof resetAt !== 'number') return
    if (resetAt - this.#clock.now() > 2 * 3_600_000) return
    this.#limit = limit
    this.#remaining = remaining
    this.#resetAt = resetAt
  }

  #vendorNow(): number {
    return this.#clock.now() + this.#clockAhead
  }

  #isOver(): boolean {
    return this.#vendorNow() >= this.#resetAt
  }
}

function rateLimited(why: string, wait: number): ReconcileError {
  return new ReconcileError(
    'RateLimited',
    `GitHub ${why}; it goes on in ${formatDuration(Math.max(1000, wait))}`,
  )
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
