import { askVendor, type VendorAnswer, type VendorCall } from '../vendor/probe.ts'
import { notOf } from '../vendor/unreadable-answer.ts'
import { GithubLine } from './line.ts'

/** Asks GitHub one harmless thing, at an address below `apiUrl`, without his limits and without a second try. */
export function askGithub(path: string, call: VendorCall): Promise<VendorAnswer> {
  const { apiUrl, authorization, signal, timeout } = call
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
