import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Json } from '../../core/store.ts'
import type { VendorClock } from '../vendor/vendor-clock.ts'

/**
 * What a call is made for. `refresh`: a read with an ETag, which is free where nothing has changed, or one of details of
 * what failed. `write`: a write, and a read that one is decided on, because without it there is no write.
 */
export type Purpose = 'read' | 'refresh' | 'write'

/** The share of the hourly limit at which calls of a purpose stop, to leave the rest to the ones below. */
const floors: Readonly<Record<Purpose, number>> = Object.freeze({ read: 0.2, refresh: 0.1, write: 0 })

/** GitHub's rule for a secondary limit that names no time: at least a minute, then longer. Milliseconds. */
const secondaryPause = Object.freeze({ initial: 60_000, max: 3_600_000 })

/** GitHub counts by the hour. What is to last twice as long, or more, is from before the clock was set back. */
const longestWindow = 7_200_000

/** An answer, as far as limits go. */
export interface LimitedAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** When the call left, epoch milliseconds by our clock. */
  readonly askedAt: number
}

/**
 * What GitHub still takes of one account. Calls are stopped here before he refuses them: who goes on calling over a
 * limit is banned for longer. See docs.github.com, "Rate limits for the REST API".
 */
export class Budget {
  readonly #clock: Clock
  readonly #vendorClock: VendorClock
  #limit: number | undefined
  #remaining: number | undefined
  /** Epoch milliseconds by GitHub's clock. */
  #resetAt = 0
  /** Epoch milliseconds by our clock; a secondary limit. */
  #pausedUntil = 0
  /** Secondary limits in a row, since a call that was sent after one was answered well. */
  #strikes = 0
  #inFlight = 0
  #used = 0
  /** Whether GitHub did not know the credential when it was shown last: he counts such calls by their address then. */
  #isRefused = false

  constructor(clock: Clock, vendorClock: VendorClock) {
    this.#clock = clock
    this.#vendorClock = vendorClock
  }

  get used(): number {
    return this.#used
  }

  get remaining(): number | undefined {
    return this.#isOver() ? undefined : this.#remaining
  }

  /** Rejects a call that should not be made now. */
  assertMay(purpose: Purpose): void {
    const now = this.#clock.now()
    // Never longer than a pause can be: the clock may have been set back.
    this.#pausedUntil = Math.min(this.#pausedUntil, now + secondaryPause.max)
    if (this.#pausedUntil > now) throw rateLimited('asked us to wait', this.#pausedUntil - now)
    if (this.#remaining === undefined || this.#limit === undefined || this.#isOver()) return
    const floor = Math.ceil(this.#limit * floors[purpose])
    if (this.#remaining - this.#inFlight > floor) return
    const why =
      floor === 0
        ? 'has no calls left'
        : `has ${this.#remaining} of ${this.#limit} calls left, which are kept for writes`
    throw rateLimited(why, this.#resetAt - this.#vendorClock.now())
  }

  /** Counts a call on its way; returns what ends it. */
  begin(): () => void {
    this.#inFlight += 1
    return () => {
      this.#inFlight -= 1
    }
  }

  /** Learns from an answer. A 304 to who is authorised is free. */
  learn({ status, headers, askedAt }: LimitedAnswer): void {
    if (status !== 304) this.#used += 1
    if (status === 401) this.#isRefused = true
    else if (status !== 403 && status !== 429) this.#isRefused = false
    if (this.#isRefused) return
    // Before the limits are looked at: GitHub Enterprise need not tell of any.
    if (status < 400 && askedAt >= this.#pausedUntil) this.#strikes = 0
    const limit = wholeNumber(headers['x-ratelimit-limit'])
    const remaining = wholeNumber(headers['x-ratelimit-remaining'])
    const reset = wholeNumber(headers['x-ratelimit-reset'])
    if (limit === undefined || remaining === undefined || reset === undefined) return
    const resetAt = reset * 1000
    // Answers overtake each other: within one window the lower count is the newer one.
    const isSameWindow = resetAt === this.#resetAt && this.#remaining !== undefined && !this.#isOver()
    this.#remaining = isSameWindow ? Math.min(this.#remaining ?? remaining, remaining) : remaining
    this.#limit = limit
    this.#resetAt = resetAt
  }

  /** The refusal that an answer was, if it was one for too many calls; undefined: it was something else. */
  refusal(answer: LimitedAnswer & { readonly message: string }): ReconcileError | undefined {
    const { status, headers, message, askedAt } = answer
    if (status !== 403 && status !== 429) return undefined
    const retryAfter = wholeNumber(headers['retry-after'])
    const isPrimary = headers['x-ratelimit-remaining'] === '0'
    const isSecondary = retryAfter !== undefined || /secondary rate|abuse detection/i.test(message)
    if (status === 403 && !isPrimary && !isSecondary && !/rate limit exceeded/i.test(message))
      return undefined
    if (isPrimary && this.#isRefused) {
      return new ReconcileError(
        'CredentialsRefused',
        'GitHub does not accept the credential, and takes no more calls of who shows it for now',
      )
    }
    if (isPrimary && retryAfter === undefined && this.#resetAt > this.#vendorClock.now()) {
      this.#remaining = 0
      return rateLimited('has no calls left', this.#resetAt - this.#vendorClock.now())
    }
    this.#pause({ askedAt, retryAfter })
    return rateLimited('asked us to wait', this.#pausedUntil - this.#clock.now())
  }

  /** All calls that were on their way when a limit was met are refused by it: that is one limit, and one strike. */
  #pause({ askedAt, retryAfter }: { readonly askedAt: number; readonly retryAfter: number | undefined }) {
    const now = this.#clock.now()
    const isSameLimit = askedAt < this.#pausedUntil
    if (isSameLimit && retryAfter === undefined) return
    const growing = Math.min(secondaryPause.max, secondaryPause.initial * 2 ** this.#strikes)
    const pause =
      retryAfter === undefined ? growing : Math.min(secondaryPause.max, Math.max(1, retryAfter) * 1000)
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pause)
    if (!isSameLimit) this.#strikes += 1
  }

  /** For the next start, so that it does not begin by running into the same limit. */
  toJson(): Json {
    return {
      limit: this.#limit ?? null,
      remaining: this.#remaining ?? null,
      resetAt: this.#resetAt,
      pausedUntil: this.#pausedUntil,
      strikes: this.#strikes,
    }
  }

  /** Takes over what an earlier start learned. */
  recall(value: Json | undefined): void {
    if (value === null || typeof value !== 'object' || this.#limit !== undefined) return
    const { limit, remaining, resetAt, pausedUntil, strikes } = value as Readonly<Record<string, Json>>
    if (typeof pausedUntil === 'number') this.#pausedUntil = pausedUntil
    if (typeof strikes === 'number') this.#strikes = strikes
    if (typeof limit !== 'number' || typeof remaining !== 'number' || typeof resetAt !== 'number') return
    this.#limit = limit
    this.#remaining = remaining
    this.#resetAt = resetAt
  }

  #isOver(): boolean {
    const rest = this.#resetAt - this.#vendorClock.now()
    return rest <= 0 || rest > longestWindow
  }
}

function rateLimited(why: string, wait: number): ReconcileError {
  return new ReconcileError(
    'RateLimited',
    `GitHub ${why}; it goes on in ${formatDuration(Math.max(1000, wait))}`,
  )
}

function wholeNumber(text: string | string[] | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
