import { type ClientRequestArgs, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Delivery, HttpMessage } from '../../core/courier.ts'
import { isPublicAddress } from '../../core/public-address.ts'
import { AddressRefused, type AddressRule, guardedLookup, isAllowedHost } from './address-guard.ts'
import { deliveryOf } from './failure.ts'

/** The longest pause that a receiver may ask of us: 1 h. */
const longestPause = 3_600_000

/**
 * Sends a POST once. Redirects are not followed and proxies not used, the answer's body is not read, and a host that
 * nobody allowed is connected to only at a public address and over TLS. `signal` carries the deadline.
 */
export async function post(message: HttpMessage, rule: AddressRule, signal: AbortSignal): Promise<Delivery> {
  const url = URL.parse(message.url)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return {
      type: 'refused',
      reason: 'its address is not one of http or https without a name and a password',
    }
  const isAllowed = isAllowedHost(url.host, rule)
  if (url.protocol === 'http:' && !isAllowed) {
    return {
      type: 'refused',
      reason: 'its address is not encrypted (http), and its host is not allowed by --allow-host',
    }
  }
  try {
    return judge(await exchange(url, message, { isAllowed, signal }))
  } catch (error) {
    return deliveryOf(error)
  }
}

function exchange(
  url: URL,
  message: HttpMessage,
  { isAllowed, signal }: { readonly isAllowed: boolean; readonly signal: AbortSignal },
): Promise<Pick<IncomingMessage, 'statusCode' | 'headers'>> {
  return new Promise((resolve, reject) => {
    const hostname = url.hostname.replace(/^\[|\]$/g, '')
    // A literal address is connected to without a look-up.
    if (!isAllowed && isIP(hostname) !== 0 && !isPublicAddress(hostname)) throw new AddressRefused()
    const options: ClientRequestArgs = {
      method: 'POST',
      hostname,
      ...(url.port !== '' && { port: url.port }),
      path: `${url.pathname}${url.search}`,
      headers: {
        'user-agent': 'reconcile',
        ...message.headers,
        'content-length': Buffer.byteLength(message.body),
        connection: 'close',
      },
      agent: false,
      signal,
      ...(!isAllowed && { lookup: guardedLookup }),
    }
    const request = (url.protocol === 'https:' ? tlsRequest : plainRequest)(options)
    request.on('error', reject)
    request.on('response', (response) => {
      const { statusCode, headers } = response
      resolve({ statusCode, headers })
      // The body says nothing that we need, and may never end.
      response.on('error', () => undefined)
      response.destroy()
    })
    request.end(message.body)
  })
}

function judge({ statusCode = 0, headers }: Pick<IncomingMessage, 'statusCode' | 'headers'>): Delivery {
  if (statusCode >= 200 && statusCode < 300) return { type: 'delivered' }
  if (statusCode >= 300 && statusCode < 400)
    return { type: 'refused', reason: `it answered with a redirect (${statusCode}), which is not followed` }
  const reason = `it answered with ${statusCode}`
  const isPassing = statusCode >= 500 || statusCode === 408 || statusCode === 425 || statusCode === 429
  if (!isPassing) return { type: 'refused', reason }
  return { type: 'failed', reason, retryAfter: pauseOf(headers['retry-after']) }
}

/** `Retry-After` in seconds; a date is left out, because it needs two clocks that agree. Milliseconds. */
function pauseOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined
  return Math.min(Number(text) * 1000, longestPause)
}
