import { rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { decodeArgument, FrameReader } from '../../src/clients/pm2/frame.ts'

/** Stands at the socket of a PM2_HOME before a daemon of another one, and counts the calls by their method. */
export class CountingSocket {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #path: string
  #calls: Record<string, number> = {}

  private constructor(home: string, daemonHome: string) {
    this.#path = join(home, 'rpc.sock')
    this.#server = createServer((near) => {
      const far = connect(join(daemonHome, 'rpc.sock'))
      const frames = new FrameReader()
      near.on('data', (piece) => {
        for (const [first] of frames.push(piece)) if (first) this.#count(decodeArgument(first))
      })
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.on('error', () => socket.destroy())
      }
    })
  }

  static async open(home: string, daemonHome: string): Promise<CountingSocket> {
    const socket = new CountingSocket(home, daemonHome)
    await new Promise<void>((resolve) => socket.#server.listen(socket.#path, resolve))
    return socket
  }

  /** Calls since they were last taken. */
  heard(): Readonly<Record<string, number>> {
    return this.#calls
  }

  /** The same, and counts anew. */
  take(): Readonly<Record<string, number>> {
    const calls = this.#calls
    this.#calls = {}
    return calls
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    rmSync(this.#path, { force: true })
  }

  #count(call: unknown): void {
    if (typeof call !== 'object' || call === null || !('method' in call)) return
    const method = String(call.method)
    this.#calls[method] = (this.#calls[method] ?? 0) + 1
  }
}
