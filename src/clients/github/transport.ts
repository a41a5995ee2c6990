import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Budget } from './budget.ts'
import type { Credential } from './credential.ts'
import type { Repository } from './repository.ts'

/** Octokit's idea of `fetch`. */
export type Fetch = (url: string, init?: FetchInit) => Promise<Response>

interface FetchInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: RequestInit['body']
  readonly signal?: AbortSignal | null
}

/**
 * Sends requests: to GitHub's own host alone, with a deadline that begins when a request leaves (and not while it
 * waits for its turn), and only while the budget allows it.
 */
export function openTransport(options: {
  readonly apiUrl: string
  readonly credential: Credential
  readonly budget: Budget
  readonly clock: Clock
  /** For one request, its body included. */
  readonly deadline: Duration
}): Fetch {
  const { apiUrl, credential, budget, clock, deadline } = options
  const { origin } = new URL(apiUrl)
  return async (url, init = {}) => {
    // Whatever a template or a redirect made of it: the credential goes nowhere else.
    if (new URL(url).origin !== origin) {
      throw new ReconcileError('Internal', `Refused to send a credential to ${new URL(url).host}`)
    }
    const isWrite = init.method !== undefined && init.method !== 'GET' && init.method !== 'HEAD'
    budget.assertMay(isWrite ? 'write' : 'read')
    const end = budget.begin()
    try {
      const timeout = AbortSignal.timeout(deadline)
      const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
      const authorization = await credential.authorize(repositoryIn(url, apiUrl), signal)
      const askedAt = clock.now()
      const response = await fetch(url, {
        ...(init.method !== undefined && { method: init.method }),
        ...(init.body !== undefined && { body: init.body }),
        headers: { ...init.headers, authorization },
        signal,
        // Renamed repositories answer with a redirect; fetch drops the credential when the host changes.
        redirect: 'follow',
      })
      budget.learn({ status: response.status, headers: response.headers, askedAt })
      return response
    } finally {
      end()
    }
  }
}

/** What a call is about: a GitHub App has one installation, and one token, an owner. */
function repositoryIn(url: string, apiUrl: string): Repository | undefined {
  const [, owner, repo] = /^\/repos\/([^/?]+)\/([^/?]+)/.exec(url.slice(apiUrl.length)) ?? []
  return owner === undefined || repo === undefined ? undefined : { owner, repo }
}
