import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import { Connection, LostConnection, openSocket, RefusedCall } from './connection.ts'
import { DeadlinePassed, startDeadline } from './deadline.ts'
import { printable } from './printable.ts'
import { raceAbort } from './process-queue.ts'

/** One call of the daemon's. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
  /** For messages, after "Could not": `list the processes of PM2`. */
  readonly purpose: string
  readonly timeout: Duration
  readonly signal: AbortSignal | undefined
  /**
   * Given for a call that changes something: told of the promise that settles when the daemon has answered after
   * all, where we stopped waiting for it.
   */
  readonly onLost?: (answer: Promise<unknown>) => void
}

/**
 * A reading whose connection is closed without an answer is made again: it was an old connection of a daemon that is
 * gone, or a daemon that is ending still took the new one. After so many it is not that.
 */
const mostReadings = 5
const readingPause: Duration = 20

/** The daemon's versions that were tried. */
const supportedMajors: ReadonlySet<number> = new Set([6, 7])

/** Speaks to the daemon of one home over one connection, made when it is needed and anew when it was lost. */
export class Caller {
  readonly #socketPath: string
  readonly #clock: Clock
  readonly #timeout: Duration
  #connection: Connection | undefined
  #connecting: Promise<Connection> | undefined
  #checked: Connection | undefined
  #isClosed = false

  constructor(socketPath: string, clock: Clock, timeout: Duration) {
    this.#socketPath = socketPath
    this.#clock = clock
    this.#timeout = timeout
  }

  /** A call that changes nothing, and is therefore made again where its connection was lost. */
  async read(call: Omit<Call, 'timeout' | 'onLost'>): Promise<readonly unknown[]> {
    for (let reading = 1; ; reading += 1) {
      try {
        return await this.#call({ ...call, timeout: this.#timeout })
      } catch (error) {
        if (!(error instanceof LostConnection) || this.#isClosed || reading === mostReadings) {
          throw this.#readFault(call.purpose, error)
        }
        await this.#clock.sleep(readingPause, call.signal)
      }
    }
  }

  /** A call that changes something: made once. Where its answer is lost it rejects with `OutcomeUnknown`. */
  async change(call: Call): Promise<readonly unknown[]> {
    await this.#checkVersion(call.signal)
    try {
      return await this.#call(call)
    } catch (error) {
      // Here only what was not sent ends in a passed deadline.
      throw error instanceof DeadlinePassed ? this.#unresponsive(call.purpose, error) : error
    }
  }

  /** The daemon's version; rejects with `DaemonUnsupported` unless we know it. */
  async version(signal: AbortSignal | undefined): Promise<string> {
    const purpose = 'ask PM2 for its version'
    const [answer] = await this.read({ method: 'getVersion', args: [{}], purpose, signal })
    const version = typeof answer === 'string' ? printable(answer, 40) : 'of no version'
    if (!supportedMajors.has(Number.parseInt(version, 10))) {
      throw new ReconcileError(
        'DaemonUnsupported',
        `Could not use the PM2 daemon at ${this.#socketPath}: it is ${version}, and 6 and 7 are supported`,
        { hint: 'Install PM2 7 and run `pm2 update`, or set another PM2_HOME.' },
      )
    }
    return version
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.close()
    this.#connection = undefined
  }

  /** Once for each connection, because a daemon may have been replaced by another one behind it. */
  async #checkVersion(signal: AbortSignal | undefined): Promise<void> {
    if (this.#checked && this.#checked === this.#connection && this.#checked.isOpen) return
    await this.version(signal)
    this.#checked = this.#connection
  }

  async #call(call: Call): Promise<readonly unknown[]> {
    call.signal?.throwIfAborted()
    const deadline = startDeadline(this.#clock, call.timeout, call.signal)
    try {
      const connection = await this.#connect(deadline.signal)
      deadline.signal.throwIfAborted()
      const answer = connection.send(call.method, call.args)
      try {
        return await raceAbort(answer, deadline.signal)
      } catch (error) {
        throw this.#answerFault(call, error, answer)
      }
    } finally {
      deadline.end()
    }
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    if (this.#connection?.isOpen) return this.#connection
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined
    })
    return await raceAbort(this.#connecting, signal)
  }

  /** Shared by all who wait for the connection, so it has its own deadline and nobody's signal. */
  async #open(): Promise<Connection> {
    const deadline = startDeadline(this.#clock, this.#timeout, undefined)
    try {
      const connection = new Connection(await openSocket(this.#socketPath, deadline.signal))
      this.#connection = connection
      return connection
    } finally {
      deadline.end()
    }
  }

  /** What to reject with where the call was sent and no answer was got. */
  #answerFault(call: Call, error: unknown, answer: Promise<unknown>): unknown {
    if (error instanceof RefusedCall) {
      const message = `Could not ${call.purpose}: ${printable(error.message)}`
      return new ReconcileError('DaemonCallFailed', message, { cause: error })
    }
    answer.catch(() => undefined)
    if (!call.onLost) return error
    call.onLost(answer)
    const reason =
      error instanceof LostConnection
        ? 'the PM2 daemon closed the connection before it answered'
        : error instanceof DeadlinePassed
          ? `the PM2 daemon did not answer within ${call.timeout} ms`
          : 'it was given up before the PM2 daemon answered'
    return new ReconcileError(
      'OutcomeUnknown',
      `Could not learn whether it worked to ${call.purpose}: ${reason}`,
      {
        cause: error,
      },
    )
  }

  #readFault(purpose: string, error: unknown): unknown {
    if (error instanceof DeadlinePassed || error instanceof LostConnection) {
      return this.#unresponsive(purpose, error)
    }
    return error
  }

  #unresponsive(purpose: string, cause: Error): ReconcileError {
    const reason =
      cause instanceof LostConnection ? 'closed the connection without an answer' : 'did not answer in time'
    return new ReconcileError(
      'DaemonUnresponsive',
      `Could not ${purpose}: the PM2 daemon at ${this.#socketPath} ${reason}`,
      {
        cause,
      },
    )
  }
}
