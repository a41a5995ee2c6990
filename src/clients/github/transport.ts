import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { VendorClock } from '../vendor/vendor-clock.ts'
import type { Budget, Purpose } from './budget.ts'
import type { Budgets } from './budgets.ts'
import type { Authorization, Credential } from './credential.ts'
import type { Repository } from './repository.ts'

/** Octokit's idea of `fetch`. */
export type Fetch = (url: string, init?: FetchInit) => Promise<Response>

interface FetchInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: RequestInit['body']
  readonly signal?: AbortSignal | null
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
  readonly #origin: string

  constructor(options: TransportOptions) {
    this.#options = options
    this.#origin = new URL(options.apiUrl).origin
  }

  /** A `fetch` for calls of one purpose. */
  fetchFor(purpose: Purpose): Fetch {
    return (url, init = {}) => this.#fetch(url, init, purpose)
  }

  async #fetch(url: string, init: FetchInit, purpose: Purpose): Promise<Response> {
    const { apiUrl, credential, budgets, deadline } = this.#options
    // Whatever a template or a redirect made of it: the credential goes nowhere else.
    if (new URL(url).origin !== this.#origin) {
      throw new ReconcileError('Internal', `Refused to send a credential to ${new URL(url).host}`)
    }
    const timeout = AbortSignal.timeout(deadline)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    const repository = repositoryIn(url, apiUrl)
    const send = async (authorization: Authorization): Promise<Response> => {
      const budget = await budgets.of(authorization.account)
      budget.assertMay(purpose)
      return this.#send(url, { ...init, signal }, { authorization, budget })
    }
    const shown = await credential.authorize(repository, signal)
    const response = await send(shown)
    // A call that was not let in had no effect, so that it may be sent again, whatever it is.
    if (response.status !== 401 || !credential.drop(shown)) return response
    await response.body?.cancel()
    return send(await credential.authorize(repository, signal))
  }

  async #send(
    url: string,
    init: FetchInit & { readonly signal: AbortSignal },
    { authorization, budget }: { readonly authorization: Authorization; readonly budget: Budget },
  ): Promise<Response> {
    const { clock, vendorClock } = this.#options
    const end = budget.begin()
    try {
      const askedAt = clock.now()
      const response = await fetch(url, {
        ...(init.method !== undefined && { method: init.method }),
        ...(init.body !== undefined && { body: init.body }),
        headers: { ...init.headers, authorization: authorization.header },
        signal: init.signal,
        // Renamed repositories answer with a redirect; fetch drops the credential when the host changes.
        redirect: 'follow',
      })
      const { status, headers } = response
      const isOfGithub = new URL(response.url).origin === this.#origin
      budget.learn({ status, headers: isOfGithub ? headers : new Headers(), askedAt })
      // Another host, such as the store of logs, has limits and a clock of its own.
      if (!isOfGithub) return response
      vendorClock.learn(headers.get('date'), askedAt)
      const refusal = await refusalOf(response, budget, askedAt)
      if (refusal) throw refusal
      return response
    } finally {
      end()
    }
  }
}

async function refusalOf(
  response: Response,
  budget: Budget,
  askedAt: number,
): Promise<ReconcileError | undefined> {
  const { status, headers } = response
  if (status !== 403 && status !== 429) return undefined
  const message = await response.clone().text()
  return budget.refusal({ status, headers, message, askedAt })
}

/** What a call is about: a GitHub App has one installation, and one token, an owner. */
function repositoryIn(url: string, apiUrl: string): Repository | undefined {
  const [, owner, repo] = /^\/repos\/([^/?]+)\/([^/?]+)/.exec(url.slice(apiUrl.length)) ?? []
  return owner === undefined || repo === undefined ? undefined : { owner, repo }
}
