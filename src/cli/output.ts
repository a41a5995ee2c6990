import { supervisedVariable } from './background/supervised-variable.ts'
import type { Sink } from './invocation.ts'

/** What a pipe is printed for: wide enough that a message stays on one line, for those who search in it. */
const pipeColumns = 200

/**
 * The program's two streams. Output that is lost ends nothing that is under way: a controller goes on without its log on a
 * full disk. It is told at the end, because a result that nobody can read is no success. A reader who goes away has read
 * what he wanted (`reconcile status | head -1`): that is no fault, and the work and its exit status are what they would be.
 */
export class Output {
  readonly out = this.#sinkOf(process.stdout)
  readonly err = this.#sinkOf(process.stderr)
  readonly #unread = new AbortController()
  #fault: Error | undefined

  constructor() {
    for (const stream of [process.stdout, process.stderr]) stream.on('error', (error) => this.#lose(error))
  }

  /** Aborted when a reader has gone away: what would print for ever ends then. */
  get unread(): AbortSignal {
    return this.#unread.signal
  }

  /** Resolves with what was lost first, or nothing, when all that was written before was handed over. */
  async end(): Promise<Error | undefined> {
    await Promise.all([process.stdout, process.stderr].map(flush))
    return this.#fault
  }

  #sinkOf(stream: NodeJS.WriteStream): Sink {
    return {
      write: (text) => {
        stream.write(text)
      },
      isTerminal: stream.isTTY === true,
      get rows() {
        return stream.rows
      },
      get columns() {
        return stream.columns ?? (Number(process.env.COLUMNS) || pipeColumns)
      },
    }
  }

  #lose(error: NodeJS.ErrnoException): void {
    // What else is written to a pipe without a reader fails in other ways.
    if (this.#unread.signal.aborted) return
    if (error.code !== 'EPIPE') this.#fault ??= error
    // What reads from a controller that PM2 keeps is PM2's daemon: it must outlive that, and starts it again.
    else if (process.env[supervisedVariable] === undefined)
      this.#unread.abort(new Error('nobody reads what is printed'))
  }
}

/** Resolves when all that was written before was handed over, or nobody reads it. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
