import type { Duration } from '../../core/duration.ts'
import { HttpLine } from '../net/http-line.ts'
import { askVendor, type VendorAnswer } from '../vendor/probe.ts'
import { strangeIn } from './strange-answer.ts'

/** Asks Netlify one harmless thing, at an address below `apiUrl`, without his limits and without a second try. */
export function askNetlify(
  path: string,
  options: {
    /** Without a slash at its end. */
    readonly apiUrl: string
    /** The header as it is sent. */
    readonly authorization: string
    readonly signal: AbortSignal
    readonly timeout: Duration
  },
): Promise<VendorAnswer> {
  const { apiUrl, authorization, signal, timeout } = options
  const line = new HttpLine()
  return askVendor({
    vendor: 'Netlify',
    url: apiUrl + path,
    signal,
    timeout,
    async send(request) {
      const answer = await line.send({ ...request, headers: { ...request.headers, authorization } })
      const fault = strangeIn(answer)
      if (fault) throw fault
      return { ...answer, data: jsonOf(answer.text) }
    },
  })
}

/** Undefined: it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
