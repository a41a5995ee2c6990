import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A request as a sink got it. */
export interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** An HTTP server on loopback that writes down what it gets and answers as the test says. */
export class Sink {
  readonly received: Received[] = []
  readonly port: number
  /** How it answers the next requests; at first with 200. */
  answer: Answer
  readonly #close: () => Promise<void>

  private constructor(port: number, answer: Answer, close: () => Promise<void>) {
    this.port = port
    this.answer = answer
    this.#close = close
  }

  static async open(tls?: { readonly key: string; readonly cert: string }): Promise<Sink> {
    const sockets = new Set<Socket>()
    let sink: Sink | undefined
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      let body = ''
      request.on('data', (chunk) => {
        body += String(chunk)
      })
      request.on('end', () => {
        sink?.received.push({ path: request.url ?? '', headers: request.headers, body })
        sink?.answer(request, response)
      })
      // A client that goes away is what some of these tests are about.
      request.on('error', () => undefined)
      response.on('error', () => undefined)
    }
    const server = tls ? createTlsServer(tls, handle) : createServer(handle)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    sink = new Sink(
      port,
      (_, response) => response.end('ok'),
      () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          for (const socket of sockets) socket.destroy()
        }),
    )
    return sink
  }

  /** With `http://`; a sink that speaks TLS is addressed by the test. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`
  }

  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  status(code: number, headers: Readonly<Record<string, string>> = {}): void {
    this.answer = (_, response) => response.writeHead(code, headers).end('answer that nobody repeats')
  }

  close(): Promise<void> {
    return this.#close()
  }
}

/** A key with a certificate of nobody, for 127.0.0.1 and localhost, by the openssl of the machine. */
export function selfSigned(): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject]
    execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
