import { connect, type Socket } from 'node:net'
import { ReconcileError } from '../../core/errors.ts'
import { decodeArgument, encodeFrame, FrameReader } from './frame.ts'

/** The daemon said no. */
export class RefusedCall extends Error {}

/** The connection ended before the answer came. */
export class LostConnection extends Error {}

interface Waiting {
  resolve(args: readonly unknown[]): void
  reject(error: unknown): void
}

/** Errors of connecting that mean that nobody listens: never started, ended, or died and left its socket file. */
const nobodyListens = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR', 'ENAMETOOLONG', 'EINVAL'])

function connectFault(error: NodeJS.ErrnoException, path: string): ReconcileError {
  if (error.code !== undefined && nobodyListens.has(error.code)) {
    return new ReconcileError('DaemonNotRunning', `No PM2 daemon listens at ${path}`, { cause: error })
  }
  if (error.code === 'EAGAIN') {
    return new ReconcileError('DaemonUnresponsive', `The PM2 daemon at ${path} takes no more connections`, {
      cause: error,
    })
  }
  const hint =
    error.code === 'EACCES' ? 'Use the account that started the daemon, or another PM2_HOME.' : undefined
  return new ReconcileError('DaemonCallFailed', `Could not connect to the PM2 daemon at ${path}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** Opens a socket of the daemon. Creates nothing; rejects with the signal's reason when aborted. */
export function openSocket(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const socket = connect({ path })
    const onAbort = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort)
      socket.removeAllListeners()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', (error) => {
      settle()
      reject(connectFault(error, path))
    })
    socket.once('connect', () => {
      settle()
      resolve(socket)
    })
  })
}

function refusalOf(answer: object): string | undefined {
  if (!('error' in answer)) return undefined
  return typeof answer.error === 'string' ? answer.error : JSON.stringify(answer.error)
}

/**
 * One connection to rpc.sock that many calls share; answers come in any order and carry the number of their call.
 * It holds the program alive only while somebody waits for an answer.
 */
export class Connection {
  readonly #socket: Socket
  readonly #waiting = new Map<string, Waiting>()
  readonly #reader = new FrameReader()
  #lastId = 0
  #isOpen = true

  constructor(socket: Socket) {
    this.#socket = socket
    socket.unref()
    socket.on('data', (piece) => this.#receive(piece))
    // A close always follows, and it is there that everybody is told.
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#end(new LostConnection('The PM2 daemon closed the connection')))
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Sends a call; resolves with the values of its answer, whenever that comes. */
  send(method: string, args: readonly unknown[]): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (!this.#isOpen) {
        reject(new LostConnection('The connection to the PM2 daemon is closed'))
        return
      }
      this.#lastId += 1
      const id = String(this.#lastId)
      this.#waiting.set(id, { resolve, reject })
      this.#socket.ref()
      this.#socket.write(encodeFrame([{ type: 'call', method, args }, id]))
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(piece: Buffer): void {
    try {
      for (const frame of this.#reader.push(piece)) this.#answer(frame)
    } catch (error) {
      this.#end(new LostConnection('The PM2 daemon sent what is no answer', { cause: error }))
      this.#socket.destroy()
    }
  }

  #answer(frame: readonly Buffer[]): void {
    const [first, last] = [frame[0], frame.at(-1)]
    if (!first || !last) return
    const id = String(decodeArgument(last))
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    const answer = decodeArgument(first)
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#socket.unref()
    if (typeof answer !== 'object' || answer === null) {
      waiting.reject(new LostConnection('The PM2 daemon sent an empty answer'))
      return
    }
    const refusal = refusalOf(answer)
    if (refusal !== undefined) waiting.reject(new RefusedCall(refusal))
    else waiting.resolve('args' in answer && Array.isArray(answer.args) ? answer.args : [])
  }

  #end(reason: LostConnection): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const waiting of this.#waiting.values()) waiting.reject(reason)
    this.#waiting.clear()
  }
}
