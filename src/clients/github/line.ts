import type { IncomingHttpHeaders } from 'node:http'
import { HttpLine, type HttpRequest } from '../net/http-line.ts'
import { notOf, UnreadableAnswer } from '../vendor/unreadable-answer.ts'

/** What came back, from wherever GitHub sent us. */
export interface GithubAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Of JSON what it says; the text where another host answered; undefined: no body. */
  readonly data: unknown
  /** False: the store of logs said it, to which GitHub had sent us. */
  readonly isOfGithub: boolean
  /** Why it cannot be GitHub's, although his API was asked. */
  readonly fault?: UnreadableAnswer
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** More than anybody needs who does not go round in a circle. */
const mostRedirects = 5

/**
 * Requests to GitHub's own host, which go on where he says that a thing is by now: a renamed repository, or a log. The
 * credential goes to that host alone, and a write goes nowhere else.
 */
export class GithubLine {
  readonly #line = new HttpLine()
  readonly #api: URL

  constructor(apiUrl: string) {
    this.#api = new URL(`${apiUrl}/`)
  }

  async send(request: HttpRequest, authorization: string): Promise<GithubAnswer> {
    let url = new URL(request.url)
    for (let hop = 0; hop <= mostRedirects; hop += 1) {
      const isOfGithub = url.origin === this.#api.origin
      if (!isOfGithub && request.method !== 'GET') throw notOf('GitHub', 'sent it to another host')
      const { status, headers, text } = await this.#line.send({
        ...request,
        url: url.href,
        headers: { ...request.headers, ...(isOfGithub && { authorization }) },
      })
      const { location } = headers
      if (redirects.has(status) && location !== undefined) {
        // "The request should be repeated verbatim": docs.github.com, "Best practices for using the REST API".
        url = new URL(location, url)
        continue
      }
      // GitHub Enterprise keeps logs beside its API, on one host.
      const isOfApi = url.href.startsWith(this.#api.href)
      return {
        status,
        headers,
        isOfGithub,
        ...(isOfApi ? jsonOf({ status, headers, text }) : { data: text }),
      }
    }
    throw new UnreadableAnswer(`it was sent on more than ${mostRedirects} times`)
  }
}

/** GitHub's API says JSON, or nothing where all went well. A fault of his own may be a page of the servers before him. */
function jsonOf({
  status,
  headers,
  text,
}: {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}): Pick<GithubAnswer, 'data' | 'fault'> {
  if (text === '' && status < 400) return { data: undefined }
  try {
    return { data: JSON.parse(text) }
  } catch {
    if (status >= 500) return { data: text }
    const isMeantSo = /\bjson\b/i.test(headers['content-type'] ?? '')
    const fault = isMeantSo
      ? new UnreadableAnswer('what GitHub answered is no JSON')
      : notOf('GitHub', `answered ${status} and no JSON`)
    return { data: text, fault }
  }
}
