import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

/** One request, its whole body in memory. `signal` carries its deadline. */
export interface HttpRequest {
  readonly method: string
  /** `http:` or `https:`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal: AbortSignal
}

/** What came back, a redirect too: none is followed. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/**
 * Milliseconds after which a connection that nobody uses is given up; servers close theirs after 5 s and more. It keeps no
 * program alive meanwhile.
 */
const idleLimit = 4000

/** Bytes of one answer, unpacked: a page of a list has some 100 KB, and who never ends must not fill the memory. */
const largestAnswer = 64 * 1024 * 1024

/** What came is more than anybody says who is well. */
export class AnswerTooLarge extends Error {
  constructor() {
    super('the answer is larger than 64 MB')
    this.name = 'AnswerTooLarge'
  }
}

/**
 * Requests over connections that are kept for the next one. Node's `fetch` does the same and takes 40 ms to load, which
 * is a third of a command that has nothing to do.
 */
export class HttpLine {
  #plain: http.Agent | undefined
  #tls: https.Agent | undefined

  /** Rejects with Node's own error where no whole answer came. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { response, ended } = await this.#begin({
      ...request,
      headers: { 'accept-encoding': 'gzip', ...request.headers },
    })
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      if (size > largestAnswer) response.destroy(new AnswerTooLarge())
      else chunks.push(chunk)
    })
    await ended
    const body = Buffer.concat(chunks)
    const isPacked = response.headers['content-encoding'] === 'gzip'
    const bytes = isPacked ? await unpacked(body) : body
    return { status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString('utf8') }
  }

  /** The status alone; the body is not waited for. */
  async ask(request: HttpRequest): Promise<number> {
    const { response, ended } = await this.#begin(request)
    ended.catch(() => undefined)
    response.destroy()
    return response.statusCode ?? 0
  }

  async #begin({ method, url, headers, body, signal }: HttpRequest): Promise<Begun> {
    signal.throwIfAborted()
    const isTls = new URL(url).protocol === 'https:'
    const options = { method, headers, signal, agent: isTls ? this.#tlsAgent() : this.#plainAgent() }
    return new Promise((resolve, reject) => {
      const request = isTls ? https.request(url, options) : http.request(url, options)
      request.on('error', reject)
      request.on('response', (response) => resolve({ response, ended: endOf(response) }))
      request.end(body)
    })
  }

  #plainAgent(): http.Agent {
    this.#plain ??= new http.Agent(keptLike(http.globalAgent))
    return this.#plain
  }

  #tlsAgent(): https.Agent {
    this.#tls ??= new https.Agent(keptLike(https.globalAgent))
    return this.#tls
  }
}

async function unpacked(body: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(body, { maxOutputLength: largestAnswer })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? new AnswerTooLarge() : error
  }
}

interface Begun {
  readonly response: IncomingMessage
  readonly ended: Promise<void>
}

/** Where the user told Node to use the proxies of the environment, its own agents know them. */
function keptLike(global: http.Agent): http.AgentOptions {
  const { options } = global as http.Agent & { readonly options?: Pick<http.AgentOptions, 'proxyEnv'> }
  return {
    keepAlive: true,
    timeout: idleLimit,
    ...(options?.proxyEnv !== undefined && { proxyEnv: options.proxyEnv }),
  }
}

/** A body that was cut off is no answer. */
function endOf(response: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    response.on('end', resolve)
    response.on('error', reject)
    response.on('close', () => {
      if (!response.readableEnded) reject(new Error('The connection was closed before the answer was whole'))
    })
  })
}
