import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import { type HttpAnswer, HttpLine } from '../net/http-line.ts'
import type { NetlifyBudget } from './budget.ts'
import { type CallPurpose, lossOf, refusalOf } from './failure.ts'
import { strangeIn } from './strange-answer.ts'

/** One request. */
export interface NetlifyCall extends CallPurpose {
  readonly verb: string
  /** Below the API's address, with its query. */
  readonly path: string
  readonly body?: { readonly type: string; readonly bytes: string | Uint8Array }
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses that are an answer and no failure. */
  readonly accepts?: readonly number[]
  /** Milliseconds that it may take besides what every call may. */
  readonly moreTime?: Duration
  readonly signal: AbortSignal
}

export interface NetlifyAnswer {
  readonly status: number
  readonly text: string
  /** Where a list goes on; empty: not told. */
  readonly link: string
}

/**
 * Sends requests to Netlify's own host alone, with a deadline each, and only while the budget allows it. Netlify's own
 * client has no deadline and repeats a refused POST for as long as Netlify says: what would be sent then is sent after we
 * gave up, so requests are ours.
 */
export class NetlifyTransport {
  readonly #options: TransportOptions
  readonly #origin: string
  readonly #line = new HttpLine()

  constructor(options: TransportOptions) {
    this.#options = options
    this.#origin = new URL(options.apiUrl).origin
  }

  /** Sends it once. */
  async send(call: NetlifyCall): Promise<NetlifyAnswer> {
    const { apiUrl, budget, clock } = this.#options
    const url = `${apiUrl}${call.path}`
    // Whatever an id made of it: the credential goes nowhere else.
    if (new URL(url).origin !== this.#origin) {
      throw new ReconcileError('Internal', `Refused to send a credential to ${new URL(url).host}`)
    }
    budget.assertMay(call.isWrite ? 'write' : 'read')
    const askedAt = clock.now()
    const { status, headers, text } = await this.#exchange(url, call)
    // An upload may take minutes, in which it is not known when the answer was made.
    budget.learn(headers, call.isWrite ? undefined : askedAt)
    if (status === 429) throw budget.refusal(headers)
    const fault = strangeIn({ status, headers, text })
    if (fault) throw lossOf(fault, call)
    if ((status >= 200 && status < 300) || call.accepts?.includes(status)) {
      return { status, text, link: linkIn(headers) }
    }
    throw refusalOf({ status, body: text }, { ...call, mask: this.#options.mask })
  }

  async #exchange(url: string, call: NetlifyCall): Promise<HttpAnswer> {
    const { authorization, deadline } = this.#options
    try {
      return await this.#line.send({
        method: call.verb,
        url,
        headers: {
          accept: 'application/json',
          'user-agent': 'reconciled',
          ...(call.body && { 'content-type': call.body.type }),
          ...call.headers,
          authorization,
        },
        ...(call.body && { body: call.body.bytes }),
        signal: AbortSignal.any([
          call.signal,
          AbortSignal.timeout(Math.round(deadline + (call.moreTime ?? 0))),
        ]),
      })
    } catch (error) {
      call.signal.throwIfAborted()
      throw lossOf(error, call)
    }
  }

  /**
   * Sends what may be repeated, again after each pause where nothing, or a fault of Netlify's own, came back; and with
   * `patience` also where he takes no more calls for now.
   */
  async sendAgain(call: NetlifyCall, again: Repetition): Promise<NetlifyAnswer> {
    const { clock, budget } = this.#options
    let patience = again.patience ?? 0
    for (let attempt = 0; ; ) {
      try {
        return await this.send({ ...call, headers: { ...call.headers, ...again.headersOf?.(attempt) } })
      } catch (error) {
        const code = error instanceof ReconcileError ? error.code : undefined
        const wait = budget.waitFor(call.isWrite ? 'write' : 'read')
        if (code === 'RateLimited' && wait <= patience) {
          patience -= wait
          await clock.sleep(wait, call.signal)
          continue
        }
        const pause = again.pauses[attempt]
        const mayHelp = code === 'RemoteUnavailable' || code === 'OutcomeUnknown'
        if (!mayHelp || pause === undefined) throw error
        attempt += 1
        await clock.sleep(pause, call.signal)
      }
    }
  }
}

function linkIn({ link }: HttpAnswer['headers']): string {
  return [link ?? ''].flat().join(', ')
}

/** How often a call is repeated. */
export interface Repetition {
  /** Milliseconds before each further try. */
  readonly pauses: readonly Duration[]
  /** Milliseconds that it waits at most where Netlify takes no more calls for now; default: none. */
  readonly patience?: Duration
  /** What is sent along with a try, counted from 0. */
  readonly headersOf?: (attempt: number) => Readonly<Record<string, string>>
}

export interface TransportOptions {
  /** Without a slash at its end. */
  readonly apiUrl: string
  readonly authorization: string
  readonly budget: NetlifyBudget
  readonly clock: Clock
  /** What must not be seen of Netlify's answers. */
  readonly mask?: SecretMask | undefined
  /** Milliseconds for one request, its body included. */
  readonly deadline: Duration
}
