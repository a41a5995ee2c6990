import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import { VendorClock } from '../vendor/vendor-clock.ts'
import type { Purpose } from './budget.ts'
import { Budgets } from './budgets.ts'
import type { Credential } from './credential.ts'
import { EtagCache } from './etag-cache.ts'
import { type FailedRequest, failureOf, requestBehind } from './failure.ts'
import { type Patience, usualPatience } from './patience.ts'
import { Transport } from './transport.ts'

const ThrottledOctokit = Octokit.plugin(throttling)

/**
 * The version that calls are written for. Without the header GitHub moves silently to the next one some day; both
 * this one's and 2026-03-10's answers are understood.
 */
const apiVersion = '2022-11-28'
/** Where the API is, without a slash at its end; default: GitHub's own host. */
export function apiUrlOf(apiUrl: string | undefined): string {
  return (apiUrl ?? 'https://api.github.com').replace(/\/+$/, '')
}
const silent = { debug: drop, info: drop, warn: drop, error: drop }

function drop(): void {
  return
}
export interface GithubOptions {
  readonly apiUrl: string | undefined
  readonly credential: Credential
  readonly clock: Clock
  readonly cache: DomainCache | undefined
  readonly userAgent: string
  /** What must not be seen of GitHub's answers. */
  readonly mask?: SecretMask | undefined
  /** Default: `usualPatience`. */
  readonly patience?: Partial<Patience>
}
type Parameters = Readonly<Record<string, unknown>>

/** One thing to be read. */
export interface Read<T> {
  /** For messages: `could not <what>`. */
  readonly what: string
  readonly route: string
  readonly parameters: Parameters
  readonly parse: (data: unknown) => T
  readonly signal: AbortSignal
  /** Asked without an ETag, and not kept. */
  readonly isFresh?: boolean
  /** One call about one thing that failed: it may use of the reserve what a read with an ETag may. */
  readonly isDetail?: boolean
  /** A write is decided on it: fresh, and let through where reads must leave the rest to writes. */
  readonly isForWrite?: boolean
}
/** Sends the calls: asks again where that is harmless, remembers what did not change, and keeps within the limits. */
export class Requester {
  readonly #apiUrl: string
  readonly #octokit: InstanceType<typeof ThrottledOctokit>
  readonly #transport: Transport
  readonly #vendorClock: VendorClock
  readonly #budgets: Budgets
  readonly #etags: EtagCache
  readonly #clock: Clock
  readonly #patience: Patience
  readonly #mask: SecretMask | undefined

  constructor(options: GithubOptions) {
    const { credential, clock, cache, userAgent } = options
    const apiUrl = apiUrlOf(options.apiUrl)
    this.#apiUrl = apiUrl
    this.#clock = clock
    this.#mask = options.mask
    this.#patience = { ...usualPatience, ...options.patience }
    const owner = `${new URL(apiUrl).host}/${credential.digest}`
    this.#etags = new EtagCache({ store: cache, clock, owner })
    this.#vendorClock = new VendorClock(clock)
    this.#budgets = new Budgets({ clock, vendorClock: this.#vendorClock, cache, owner })
    this.#transport = new Transport({
      apiUrl,
      credential,
      budgets: this.#budgets,
      vendorClock: this.#vendorClock,
      clock,
      deadline: this.#patience.request,
    })
    this.#octokit = new ThrottledOctokit({
      baseUrl: apiUrl,
      userAgent,
      // Else every 304 is printed as an error.
      log: silent,
      request: { headers: { 'x-github-api-version': apiVersion } },
      throttle: {
        enabled: this.#patience.isSpaced,
        // GitHub limits who asks; whoever else asks in this process has a turn of their own.
        id: owner,
        // It spaces calls out; what happens at a limit is decided by the budget, never by sleeping in here.
        onRateLimit: () => false,
        onSecondaryRateLimit: () => false,
      },
    })
  }
  get clockAhead(): number {
    return this.#vendorClock.ahead
  }

  get used(): number {
    return this.#budgets.used
  }

  get remaining(): number | undefined {
    return this.#budgets.remaining
  }

  async save(): Promise<void> {
    await this.#etags.save()
    await this.#budgets.save()
  }

  async close(): Promise<void> {
    return
  }
  /** A read whose 404 or 410 means "there is none": the caller knows that the repository can be seen. */
  async find<T>(read: Read<T>): Promise<T | undefined> {
    try {
      return await this.read(read)
    } catch (error) {
      const status = requestBehind(error)?.status
      if (status === 404 || status === 410) return undefined
      throw error
    }
  }

  /** Asks, and asks again where GitHub failed or what he said cannot be read. */
  async read<T>(read: Read<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#readOnce(read)
      } catch (error) {
        read.signal.throwIfAborted()
        const pause = this.#patience.pauses[attempt]
        const mayHelp =
          error instanceof ReconcileError &&
          (error.code === 'RemoteUnavailable' || error.code === 'RemoteAnswerInvalid')
        if (!mayHelp || pause === undefined) throw error
        await this.#clock.sleep(pause, read.signal)
      }
    }
  }

  async #readOnce<T>(read: Read<T>): Promise<T> {
    const { route, parameters, parse, signal, isForWrite = false } = read
    const isFresh = read.isFresh === true || isForWrite
    const { method, url } = this.#octokit.request.endpoint(route, { ...parameters })
    const known = isFresh ? undefined : await this.#etags.get(url)
    try {
      // Its address as it is by now: Octokit and its plugins make it of the template four times for one call.
      const response = await this.#octokit.request(`${method} ${url.slice(this.#apiUrl.length)}`, {
        headers: { 'x-github-api-version': apiVersion, ...(known && { 'if-none-match': known.etag }) },
        request: {
          signal,
          fetch: this.#transport.fetchFor(purposeOf(read, known !== undefined)),
        },
      })
      const value = parse(response.data)
      const { etag } = response.headers
      if (!isFresh && etag) this.#etags.set(url, etag, value)
      return value
    } catch (error) {
      if (error instanceof ReconcileError) throw error
      const failed = error as FailedRequest
      // What is remembered was made by `parse` of an earlier answer.
      if (failed.status === 304 && known) return known.value as T
      throw this.#failure(failed, read.what, { isWrite: false, signal })
    }
  }

  /** Sends once; what became of it where the answer was lost is for the next reading to say. */
  async write(
    what: string,
    route: string,
    parameters: Parameters,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly data: unknown }> {
    try {
      return await this.#octokit.request(route, {
        ...parameters,
        headers: { 'x-github-api-version': apiVersion },
        request: { signal, fetch: this.#transport.fetchFor('write') },
      })
    } catch (error) {
      if (error instanceof ReconcileError) throw error
      throw this.#failure(error as FailedRequest, what, { isWrite: true, signal })
    }
  }

  #failure(
    failed: FailedRequest,
    what: string,
    { isWrite, signal }: { readonly isWrite: boolean; readonly signal: AbortSignal },
  ): unknown {
    const own = errorInside(failed)
    if (own) return own
    if (signal.aborted && !isWrite) return signal.reason
    return failureOf(failed, { what, isWrite, mask: this.#mask })
  }
}

function purposeOf(
  { isForWrite, isDetail }: Pick<Read<unknown>, 'isForWrite' | 'isDetail'>,
  hasEtag: boolean,
): Purpose {
  if (isForWrite) return 'write'
  return isDetail || hasEtag ? 'refresh' : 'read'
}

/** Octokit wraps what our own transport throws. */
function errorInside(failed: FailedRequest): ReconcileError | undefined {
  return failed.cause instanceof ReconcileError ? failed.cause : undefined
}
