import { HttpLine } from '../net/http-line.ts'
import { askVendor, type VendorAnswer, type VendorCall } from '../vendor/probe.ts'
import { strangeIn } from './strange-answer.ts'

/** Asks Netlify one harmless thing, at an address below `apiUrl`, without his limits and without a second try. */
export function askNetlify(path: string, call: VendorCall): Promise<VendorAnswer> {
  const { apiUrl, authorization, signal, timeout } = call
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
