import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import { Budget } from './budget.ts'
import type { Credential } from './credential.ts'
import { EtagCache } from './etag-cache.ts'
import { type FailedRequest, failureOf, requestBehind, saidBy } from './failure.ts'
import { type Patience, usualPatience } from './patience.ts'
import { openTransport } from './transport.ts'

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
  /** Before a write: asked without an ETag. */
  readonly isFresh?: boolean
}
/** Sends the calls: asks again where that is harmless, remembers what did not change, and keeps within the limits. */
export class Requester {
  readonly #octokit: InstanceType<typeof ThrottledOctokit>
  readonly #budget: Budget
  readonly #etags: EtagCache
  readonly #clock: Clock
  readonly #cache: DomainCache | undefined
  readonly #budgetKey: string
  readonly #patience: Patience
  #recalled: Promise<void> | undefined

  constructor(options: GithubOptions) {
    const { credential, clock, cache, userAgent } = options
    const apiUrl = apiUrlOf(options.apiUrl)
    this.#clock = clock
    this.#cache = cache
    this.#patience = { ...usualPatience, ...options.patience }
    this.#budget = new Budget(clock)
    const owner = `${new URL(apiUrl).host}/${credential.digest}`
    this.#etags = new EtagCache(cache, owner)
    this.#budgetKey = `budget/1/${owner}`
    this.#octokit = new ThrottledOctokit({
      baseUrl: apiUrl,
      userAgent,
      // Else every 304 is printed as an error.
      log: silent,
      request: {
        fetch: openTransport({
          apiUrl,
          credential,
          budget: this.#budget,
          clock,
          deadline: this.#patience.request,
        }),
        headers: { 'x-github-api-version': apiVersion },
      },
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
    return this.#budget.clockAhead
  }

  get used(): number {
    return this.#budget.used
  }

  get remaining(): number | undefined {
    return this.#budget.remaining
  }

  async save(): Promise<void> {
    await this.#etags.save()
    await this.#cache?.put(new Map([[this.#budgetKey, this.#budget.toJson()]]))
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
    await this.#recall()
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
    const { route, parameters, parse, signal, isFresh } = read
    const { url } = this.#octokit.request.endpoint(route, { ...parameters })
    const known = isFresh ? undefined : await this.#etags.get(url)
    try {
      const response = await this.#octokit.request(route, {
        ...parameters,
        headers: { 'x-github-api-version': apiVersion, ...(known && { 'if-none-match': known.etag }) },
        request: { signal },
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
  ): Promise<{ readonly data: unknown }> {
    await this.#recall()
    try {
      return await this.#octokit.request(route, {
        ...parameters,
        headers: { 'x-github-api-version': apiVersion },
        request: { signal },
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
    const { status, response } = failed
    const refusal =
      response && status !== undefined
        ? this.#budget.refusal({ status, headers: response.headers, message: saidBy(failed) })
        : undefined
    return refusal ?? failureOf(failed, { what, isWrite })
  }

  async #recall(): Promise<void> {
    this.#recalled ??= (async () => {
      this.#budget.recall(await this.#cache?.get(this.#budgetKey))
    })()
    await this.#recalled
  }
}
/** Octokit wraps what our own transport throws. */
function errorInside(failed: FailedRequest): ReconcileError | undefined {
  return failed.cause instanceof ReconcileError ? failed.cause : undefined
}
