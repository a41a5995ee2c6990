import type { SecretMask } from '../core/secret-mask.ts'

/** How the program was called and where it prints: all that a verb knows of the process that it runs in. */
export interface Invocation {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Results. */
  readonly out: Sink
  /** Progress, logs and errors. */
  readonly err: Sink
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Aborted when nobody reads what is printed any more; undefined: that is not known. */
  readonly unread?: AbortSignal | undefined
  readonly version: string
  /** The secrets that were read: `out`, `err` and what asks print none of them. */
  readonly mask: SecretMask
  /** Tells each key as it is pressed, until the returned function is called; undefined: there is no keyboard. */
  readonly readKeys?: ((onKey: (key: string) => void) => () => void) | undefined
  /** Asks a person, and gives what he typed; undefined: nobody is there to be asked. */
  readonly ask?: ((question: string) => Promise<string>) | undefined
}

export interface Sink {
  write(text: string): void
  readonly isTerminal: boolean
  /** Rows of the terminal; undefined where there is none. */
  readonly rows?: number | undefined
  /** Columns of the terminal; for a pipe what COLUMNS says, or 200. */
  readonly columns: number
}

/** Why a verb is told to end: the reason of its aborted signal. */
export class Interruption extends Error {
  readonly signalName: 'SIGINT' | 'SIGTERM'

  constructor(signalName: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signalName}`)
    this.signalName = signalName
  }
}

/** The same for a verb that prints until it is told to end: it ends as well when nobody reads it any more. */
export function whileRead(call: Invocation): Invocation {
  return call.unread ? { ...call, signal: AbortSignal.any([call.signal, call.unread]) } : call
}

/** What a verb ends with: the exit status of the table in the README; of `run` the script's own, from 0 to 255. */
export type ExitStatus = number
