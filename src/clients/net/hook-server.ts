import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duration } from '../../core/duration.ts'

export interface HookServerOptions {
  readonly host: string
  /** 0: one that is free. */
  readonly port: number
  /** What calls are signed with. */
  readonly secret: string
  /** Told of each call that is signed right. What it says is not handed on: it is a hint to look, and nothing more. */
  readonly onCall: () => void
}

export interface HookServer {
  readonly port: number
  close(): Promise<void>
}

/** GitHub sends at most 25 MB; a push of a few commits is some 10 KB. */
const mostBytes = 25 * 1024 * 1024
/** Nobody may keep a connection without saying anything. */
const callLimit: Duration = 10_000

/**
 * Hears of pushes, as GitHub, Gitea and Forgejo tell them: a POST with `X-Hub-Signature-256`, the HMAC of its body.
 * Answers 202 and does nothing but tell that somebody called. Rejects where it cannot listen.
 */
export async function openHookServer(options: HookServerOptions): Promise<HookServer> {
  const server = createServer(
    { requestTimeout: callLimit, headersTimeout: callLimit },
    (request, response) => {
      answer(request, response, options).catch(() => request.destroy())
    },
  )
  server.maxConnections = 100
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () => closed(server),
  }
}

async function closed(server: Server): Promise<void> {
  const over = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await over
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { secret, onCall }: HookServerOptions,
): Promise<void> {
  if (request.method !== 'POST') return end(response, 405, { Allow: 'POST' })
  const signature = request.headers['x-hub-signature-256']
  if (typeof signature !== 'string') return refuse(request, response, 401)
  const hmac = createHmac('sha256', secret)
  let bytes = 0
  // Left early, the connection must live until the answer is sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) return refuse(request, response, 413)
    hmac.update(chunk)
  }
  if (!isEqual(signature, `sha256=${hmac.digest('hex')}`)) return end(response, 401)
  onCall()
  return end(response, 202)
}

/** What is still to come of the call is not read. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  response.once('finish', () => request.destroy())
  end(response, status, { Connection: 'close' })
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'Content-Length': '0', ...headers }).end()
}

/** Takes the same time wherever they differ. */
function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
