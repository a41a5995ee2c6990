import type { Duration } from '../../core/duration.ts'
import { askVendor, type VendorAnswer } from '../vendor/probe.ts'
import { notOf } from '../vendor/unreadable-answer.ts'
import { GithubLine } from './line.ts'

/** Asks GitHub one harmless thing, at an address below `apiUrl`, without his limits and without a second try. */
export function askGithub(
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
  const line = new GithubLine(apiUrl)
  return askVendor({
    vendor: 'GitHub',
    url: apiUrl + path,
    signal,
    timeout,
    async send(request) {
      const answer = await line.send(request, authorization)
      if (!answer.isOfGithub) throw notOf('GitHub', 'sent it to another host')
      if (answer.fault) throw answer.fault
      return answer
    },
  })
}
