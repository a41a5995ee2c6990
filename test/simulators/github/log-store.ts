import { createServer, type Server } from 'node:http'
import { listen, urlOf } from './listen.ts'

/** The host that GitHub keeps logs on: another one than its own, which must never see a credential. */
export class LogStore {
  readonly #server: Server
  readonly #texts: string[] = []
  /** The Authorization headers of all requests; undefined: none. */
  readonly credentials: (string | undefined)[] = []
  /** The status that everything is answered with; undefined: what is kept. */
  failsWith: number | undefined

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => {
      this.credentials.push(request.headers.authorization)
      const text = this.#texts[Number((request.url ?? '').slice(1))]
      response.writeHead(this.failsWith ?? (text === undefined ? 404 : 200), { 'content-type': 'text/plain' })
      response.end(text)
    })
  }

  static async start(): Promise<LogStore> {
    const server = createServer()
    await listen(server, {})
    return new LogStore(server)
  }

  /** Keeps a text; its address. */
  put(text: string): string {
    this.#texts.push(text)
    return `${urlOf(this.#server)}/${this.#texts.length - 1}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
