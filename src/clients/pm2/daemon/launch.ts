import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile, stat } from 'node:fs/promises'
import { messageOf, ReconcileError } from '../../../core/errors.ts'
import type { HomePaths } from '../home-paths.ts'
import { printable } from '../printable.ts'

/** How a program that we started ended or answered. */
export interface Outcome {
  /** Undefined: it was ended by a signal, or never ran. */
  readonly code: number | undefined
  readonly output: string
}

/** Characters of a program's output that are worth to be kept for a message. */
const longestOutput = 4000

/** Runs a program to its end; it is killed when the signal aborts. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly env: Record<string, string>; readonly cwd: string; readonly signal: AbortSignal },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env,
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (piece: Buffer): void => {
      output = (output + piece.toString('utf8')).slice(-longestOutput)
    }
    const onAbort = (): void => {
      child.kill('SIGKILL')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    if (options.signal.aborted) onAbort()
    options.signal.addEventListener('abort', onAbort, { once: true })
    child.once('error', (error) => {
      options.signal.removeEventListener('abort', onAbort)
      resolve({ code: undefined, output: messageOf(error) })
    })
    child.once('exit', (code) => {
      options.signal.removeEventListener('abort', onAbort)
      // A daemon that it started may hold its pipes open.
      child.stdout.destroy()
      child.stderr.destroy()
      if (options.signal.aborted) reject(options.signal.reason)
      else resolve({ code: code ?? undefined, output })
    })
  })
}

/** What the daemon wrote into its log from this place on, on one line. */
export async function logTail(paths: HomePaths, from: number): Promise<string> {
  try {
    const bytes = await readFile(paths.daemonLog)
    return printable(bytes.subarray(from).toString('utf8').slice(-longestOutput), 600)
  } catch {
    return ''
  }
}

/** Where the daemon's log ends now. */
export async function logEnd(paths: HomePaths): Promise<number> {
  try {
    return (await stat(paths.daemonLog)).size
  } catch {
    return 0
  }
}

/** A daemon of ours on its way. */
export interface Launched {
  readonly pid: number
  /** Resolves when it says that both its sockets are there; rejects when it ends before. */
  readonly online: Promise<void>
  /** Rejects when it ends; never resolves. */
  readonly ended: Promise<never>
  /** Lets it go on without us. */
  detach(): void
  /** Ends it: for one that came too late, or never. */
  kill(): Promise<void>
}

function whenEnded(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      reject(new Error(`it ended by ${signal === null ? `exit code ${code}` : signal}`))
    })
  })
}

/** Starts PM2's daemon script the way PM2's own command does: detached, its output in its log, a channel to tell. */
export async function launchDaemon(
  node: string,
  script: string,
  paths: HomePaths,
  env: Record<string, string>,
): Promise<Launched> {
  const log = await open(paths.daemonLog, 'a', 0o600)
  try {
    const child = spawn(node, [script], {
      detached: true,
      // Not the caller's folder: a daemon lives longer than a checkout.
      cwd: paths.home,
      env: { ...env, SILENT: 'true', PM2_DISABLE_VERSION_CHECK: 'true' },
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    })
    const ended = whenEnded(child)
    const message = new Promise<void>((resolve) => child.once('message', () => resolve()))
    const online = Promise.race([message, ended])
    // They are awaited only while somebody cares.
    ended.catch(() => undefined)
    online.catch(() => undefined)
    if (child.pid === undefined) {
      const cause = await ended.catch((error: unknown) => error)
      throw new ReconcileError('DaemonStartFailed', `Could not start ${node}: ${messageOf(cause)}`, { cause })
    }
    return {
      pid: child.pid,
      online,
      ended,
      detach() {
        if (child.connected) child.disconnect()
        child.unref()
      },
      async kill() {
        child.kill('SIGKILL')
        await ended.catch(() => undefined)
      },
    }
  } finally {
    await log.close()
  }
}
