import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import { runGroup } from '../host/run-group.ts'
import { findProgram } from '../pm2/daemon/program-path.ts'
import { type Environment, type GitToken, gitEnvironment } from './environment.ts'

/** A call of git. */
export interface GitCall {
  /** Without the word `git`. What comes from outside stands behind `--`, or is known not to begin with a dash. */
  readonly args: readonly string[]
  /** Where it is run; absolute. */
  readonly folder: string
  /** Of the caller. */
  readonly env: Environment
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How long it may take. Default 30 s; what talks to a server needs more. */
  readonly limit?: Duration
  /** How much it may print, in bytes; more ends it. Default 64 MiB. */
  readonly maxBytes?: number
  /** Whether to take what it printed until then, instead of an error, where it prints more. Default: no. */
  readonly mayBeCut?: boolean
  /** What it reads on its standard input. Default: nothing. */
  readonly input?: string
  readonly token?: GitToken | undefined
  /** Further variables, such as `GIT_INDEX_FILE`. */
  readonly variables?: Readonly<Record<string, string>>
}

/** What git said, whatever its exit code was. */
export interface GitAnswer {
  /** Undefined: a signal ended it. */
  readonly code: number | undefined
  readonly output: Buffer
  /** Whether it was ended because it printed too much. */
  readonly isCut: boolean
  /** What it said on standard error: one line, bounded. */
  readonly complaint: string
}

const usualLimit: Duration = 30_000
const usualMaxBytes = 64 * 1024 * 1024
const complaintBytes = 16 * 1024
const complaintLength = 500
/** All of its output is needed, however busy this program is when git has ended. */
const drain: Duration = 10_000

/**
 * Settings that hold for every call, over those of a repository and of the machine: nothing that a repository names is
 * ever run (hooks, a file system monitor, filters of submodules), and nothing goes on in the background.
 */
const settings = Object.freeze([
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'log.showSignature=false',
])

const hardened = Object.freeze([
  '--no-pager',
  '--no-replace-objects',
  ...settings.flatMap((setting) => ['-c', setting]),
])

/**
 * Runs git to its end or its limit, with nothing of it left behind. Rejects with `ProgramMissing`,
 * `OperationTimedOut`, `GitFailed` where it prints too much, and with the signal's reason.
 */
export async function runGit(call: GitCall): Promise<GitAnswer> {
  const { args, folder, clock, signal, limit = usualLimit, maxBytes = usualMaxBytes } = call
  signal.throwIfAborted()
  const env = { ...gitEnvironment(call.env, call.token), ...call.variables }
  const program = await findProgram('git', env.PATH ?? '')
  if (program === undefined) {
    throw new ReconcileError('ProgramMissing', `Cannot ${nameOf(args)}: the program git is not on PATH`, {
      hint: 'Install git (2.31 or later).',
    })
  }
  const output: Buffer[] = []
  const complaint: Buffer[] = []
  const bytes = { out: 0, err: 0 }
  const tooMuch = new AbortController()
  const { end, exitCode } = await runGroup({
    command: [program, ...hardened, ...args],
    folder,
    env,
    limit,
    clock,
    drain,
    signal: AbortSignal.any([signal, tooMuch.signal]),
    ...(call.input !== undefined && { input: call.input }),
    onOutput: (stream, chunk) => {
      bytes[stream] += chunk.length
      if (stream === 'err') {
        if (bytes.err <= complaintBytes) complaint.push(chunk)
      } else if (bytes.out > maxBytes) tooMuch.abort()
      else output.push(chunk)
    },
  })
  signal.throwIfAborted()
  const isCut = bytes.out > maxBytes
  if (isCut && !call.mayBeCut) {
    throw new ReconcileError('GitFailed', `Cannot ${nameOf(args)}: it printed more than ${maxBytes} bytes`)
  }
  if (end === 'timed-out') {
    throw new ReconcileError('OperationTimedOut', `Cannot ${nameOf(args)}: it did not end within ${limit} ms`)
  }
  return { code: exitCode, output: Buffer.concat(output), isCut, complaint: toLine(Buffer.concat(complaint)) }
}

/** The same where only success will do: what it printed, or `GitFailed` with what it said. */
export async function askGit(call: GitCall): Promise<string> {
  const { code, output, complaint } = await runGit(call)
  if (code === 0) return output.toString('utf8')
  throw gitFailure(call.args, { code, complaint })
}

/** The error of a call that ended with another code than 0. */
export function gitFailure(
  args: readonly string[],
  { code, complaint }: Pick<GitAnswer, 'code' | 'complaint'>,
): ReconcileError {
  const how = code === undefined ? 'a signal ended it' : `it ended with ${code}`
  return new ReconcileError('GitFailed', `Cannot ${nameOf(args)}: ${complaint || how}`)
}

/** `git fetch`: the word that says what it does, without options and what they name. */
function nameOf(args: readonly string[]): string {
  const word = args.find((arg, index) => /^[a-z][a-z-]*$/.test(arg) && args[index - 1] !== '-c')
  return word === undefined ? 'run git' : `run git ${word}`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g

/** As one line for people: the marks of what it is in front of it say nothing here. */
function toLine(said: Buffer): string {
  const lines = said
    .toString('utf8')
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(control, '')
        .replace(/^(fatal|error|remote|warning): */, '')
        .trim(),
    )
    .filter((line) => line !== '')
  const text = [...new Set(lines)].join('; ')
  return text.length > complaintLength ? `${text.slice(0, complaintLength)}…` : text
}
