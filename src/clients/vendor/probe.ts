import type { IncomingHttpHeaders } from 'node:http'
import type { Duration } from '../../core/duration.ts'
import { type Fields, isFields } from '../../core/fields.ts'
import type { HttpRequest } from '../net/http-line.ts'
import { notOf } from './unreadable-answer.ts'

/** With what a vendor is asked by who knows him. */
export interface VendorCall {
  /** Without a slash at its end. */
  readonly apiUrl: string
  /** The header as it is sent. */
  readonly authorization: string
  readonly signal: AbortSignal
  readonly timeout: Duration
}

/** One harmless thing that a vendor is asked, to see whether he can be reached and knows a token. */
export interface VendorQuestion {
  readonly vendor: 'GitHub' | 'Netlify'
  readonly url: string
  readonly signal: AbortSignal
  readonly timeout: Duration
  /** As the vendor's client sends it, and with his judgement of what comes back. */
  readonly send: (request: HttpRequest) => Promise<SentAnswer>
}

interface SentAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Of JSON what it says. */
  readonly data: unknown
}

export interface VendorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Empty where he says none, as he may when he refuses. */
  readonly fields: Fields
}

/** Rejects with `UnreadableAnswer` or `AnswerTooLarge` where somebody answered who is not he. */
export async function askVendor(question: VendorQuestion): Promise<VendorAnswer> {
  const { vendor, url, signal, timeout, send } = question
  const { status, headers, data } = await send({
    method: 'GET',
    url,
    headers: { accept: 'application/json', 'user-agent': 'reconciled' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
  })
  if (status < 300 && !isFields(data)) throw notOf(vendor, `answered ${status} and nothing that he says`)
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
  return { status, headers: Object.fromEntries(texts), fields: isFields(data) ? data : {} }
}
