import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { VendorClock } from '../vendor/vendor-clock.ts'
import type { Budget, Purpose } from './budget.ts'
import type { Budgets } from './budgets.ts'
import type { Authorization, Credential } from './credential.ts'
import { saidBy } from './failure.ts'
import { type GithubAnswer, GithubLine } from './line.ts'
import type { Repository } from './repository.ts'

/** Octokit's idea of `fetch`. */
export type Fetch = (url: string, init?: FetchInit) => Promise<FetchedAnswer>

interface FetchInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal | null
}

/**
 * As much of a `Response` as Octokit looks at. Without a content type it hands on what `text` gives, whatever that is: JSON is
 * read here already, because its own reader takes ten times as long, and fails at each answer that has no body, as most have.
 */
interface FetchedAnswer {
  readonly status: number
  readonly url: string
  readonly headers: ReadonlyMap<string, string>
  text(): Promise<unknown>
}

export interface TransportOptions {
  readonly apiUrl: string
  readonly credential: Credential
  readonly budgets: Budgets
  readonly vendorClock: VendorClock
  readonly clock: Clock
  /** For one request, its body included. */
  readonly deadline: Duration
}

/**
 * Sends requests: to GitHub's own host alone, with a deadline that begins when a request leaves (and not while it
 * waits for its turn), and only while the budget allows it.
 */
export class Transport {
  readonly #options: TransportOptions
  readonly #line: GithubLine
  readonly #origin: string

  constructor(options: TransportOptions) {
    this.#options = options
    this.#line = new GithubLine(options.apiUrl)
    this.#origin = new URL(options.apiUrl).origin
  }

  /** A `fetch` for calls of one purpose. */
  fetchFor(purpose: Purpose): Fetch {
    return async (url, init = {}) => {
      const { status, headers, data } = await this.#ask(url, init, purpose)
      return { status, url, headers: withoutType(headers), text: async () => data }
    }
  }

  async #ask(url: string, init: FetchInit, purpose: Purpose): Promise<GithubAnswer> {
    const { apiUrl, credential, budgets, deadline } = this.#options
    // Whatever a template made of it: the credential goes nowhere else.
    if (new URL(url).origin !== this.#origin) {
      throw new ReconcileError('Internal', `Refused to send a credential to ${new URL(url).host}`)
    }
    const timeout = AbortSignal.timeout(deadline)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    const repository = repositoryIn(url, apiUrl)
    const send = async (authorization: Authorization): Promise<GithubAnswer> => {
      const budget = await budgets.of(authorization.account)
      budget.assertMay(purpose)
      return this.#send(url, { ...init, signal }, { authorization, budget })
    }
    const shown = await credential.authorize(repository, signal)
    const answer = await send(shown)
    // A call that was not let in had no effect, so that it may be sent again, whatever it is.
    if (answer.status !== 401 || !credential.drop(shown)) return answer
    return send(await credential.authorize(repository, signal))
  }

  async #send(
    url: string,
    { method = 'GET', headers = {}, body, signal }: FetchInit & { readonly signal: AbortSignal },
    { authorization, budget }: { readonly authorization: Authorization; readonly budget: Budget },
  ): Promise<GithubAnswer> {
    const { clock, vendorClock } = this.#options
    const end = budget.begin()
    try {
      const askedAt = clock.now()
      const answer = await this.#line.send(
        { method, url, headers, ...(body !== undefined && { body }), signal },
        authorization.header,
      )
      // Another host, such as the store of logs, has limits and a clock of its own.
      if (!answer.isOfGithub) return answer
      const limited = { status: answer.status, headers: answer.headers, askedAt }
      budget.learn(limited)
      vendorClock.learn(answer.headers.date, askedAt)
      const fault = budget.refusal({ ...limited, message: saidBy({ response: answer }) }) ?? answer.fault
      if (fault) throw fault
      return answer
    } finally {
      end()
    }
  }
}

function withoutType(headers: GithubAnswer['headers']): ReadonlyMap<string, string> {
  const { 'content-type': _type, ...others } = headers
  return new Map(Object.entries(others).map(([name, value]) => [name, String(value)]))
}

/** What a call is about: a GitHub App has one installation, and one token, an owner. */
function repositoryIn(url: string, apiUrl: string): Repository | undefined {
  const [, owner, repo] = /^\/repos\/([^/?]+)\/([^/?]+)/.exec(url.slice(apiUrl.length)) ?? []
  return owner === undefined || repo === undefined ? undefined : { owner, repo }
}
