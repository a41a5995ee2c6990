import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import { VendorClock } from '../vendor/vendor-clock.ts'

/** Calls that reads leave for a deploy under way. Of 500 a minute, as Netlify's guide to its API says. */
const keptForWrites = 100

/** Milliseconds to wait where Netlify refuses and names no time, and the longest that is believed. */
const pause = Object.freeze({ usual: 60_000, longest: 900_000 })

/** What Netlify still takes of us. Calls are stopped here before it refuses them. */
export class NetlifyBudget {
  readonly #clock: Clock
  readonly #vendorClock: VendorClock
  #remaining: number | undefined
  /** Epoch milliseconds by Netlify's clock. */
  #resetAt = 0
  /** Epoch milliseconds by our clock. */
  #pausedUntil = 0
  #used = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#vendorClock = new VendorClock(clock)
  }

  /** Milliseconds that Netlify's clock is ahead of ours. */
  get clockAhead(): number {
    return this.#vendorClock.ahead
  }

  get used(): number {
    return this.#used
  }

  get remaining(): number | undefined {
    return this.#untilReset() === 0 ? undefined : this.#remaining
  }

  /** Rejects a call that should not be made now. */
  assertMay(kind: 'read' | 'write'): void {
    const wait = this.waitFor(kind)
    if (wait === 0) return
    if (this.#until(this.#pausedUntil) > 0) throw rateLimited('asked us to wait', wait)
    const why =
      kind === 'read' ? `has ${this.remaining} calls left, which are kept for writes` : 'has no calls left'
    throw rateLimited(why, wait)
  }

  /** Milliseconds until a call may be made. */
  waitFor(kind: 'read' | 'write'): number {
    const paused = this.#until(this.#pausedUntil)
    if (paused > 0) return paused
    const { remaining } = this
    if (remaining === undefined || remaining > (kind === 'read' ? keptForWrites : 0)) return 0
    return this.#untilReset()
  }

  #untilReset(): number {
    return this.#until(this.#resetAt - this.#vendorClock.ahead)
  }

  /** Milliseconds; none where it lies further ahead than any wait, because the clock was set back. */
  #until(time: number): number {
    const wait = time - this.#clock.now()
    return wait > pause.longest ? 0 : Math.max(0, wait)
  }

  /** Learns from an answer; `askedAt`: when it was asked for, where that was a moment ago. */
  learn(headers: IncomingHttpHeaders, askedAt?: number): void {
    this.#used += 1
    if (askedAt !== undefined) this.#vendorClock.learn(headers.date, askedAt)
    const limit = wholeNumber(headers['x-ratelimit-limit'])
    const remaining = wholeNumber(headers['x-ratelimit-remaining'])
    const reset = wholeNumber(headers['x-ratelimit-reset'])
    // A limit that is smaller than what is kept for writes would stop every read.
    if (remaining === undefined || reset === undefined || (limit ?? 0) <= 2 * keptForWrites) return
    const resetAt = Math.min(reset * 1000, this.#vendorClock.now() + pause.longest)
    const isSameWindow = resetAt === this.#resetAt && this.#remaining !== undefined
    this.#remaining = isSameWindow ? Math.min(this.#remaining ?? remaining, remaining) : remaining
    this.#resetAt = resetAt
  }

  /** What a 429 was: nothing more is asked until it is over. */
  refusal(headers: IncomingHttpHeaders): ReconcileError {
    const now = this.#clock.now()
    const after = wholeNumber(headers['retry-after'])
    const reset = wholeNumber(headers['x-ratelimit-reset'])
    const untilReset = (reset ?? 0) * 1000 - this.#vendorClock.now()
    const wait = after !== undefined ? after * 1000 : untilReset > 0 ? untilReset : pause.usual
    this.#pausedUntil = now + Math.min(pause.longest, Math.max(1000, wait))
    return rateLimited('asked us to wait', this.#pausedUntil - now)
  }
}

function rateLimited(why: string, wait: number): ReconcileError {
  return new ReconcileError(
    'RateLimited',
    `Netlify ${why}; it goes on in ${formatDuration(Math.max(1000, wait))}`,
  )
}

function wholeNumber(text: string | readonly string[] | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
