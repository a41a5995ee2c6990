import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { ReconcileError } from '../../core/errors.ts'
import { hasTerminalToItself } from './terminal.ts'

/** What is to be started. */
export interface GroupStart {
  /** The program and its arguments. */
  readonly command: readonly string[]
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** What it prints; undefined: it reads and prints where we do. */
  readonly onOutput?: (stream: 'out' | 'err', chunk: Buffer) => void
  /** What it reads, where its output is taken; undefined: nothing. */
  readonly input?: string
}

/** A command in a process group of its own, behind its gate: descriptor 3, where the word is awaited that opens it. */
export interface StartedGroup {
  readonly child: ChildProcess
  readonly group: number
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Whether the terminal is its own, so that Ctrl-C reaches it and not us. */
  readonly hasTerminal: boolean
}

/**
 * Waits for a word on descriptor 3 and becomes the command; where the word never comes, because we were killed before
 * the run was written down, it ends without having run anything.
 */
const gate = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"'

/**
 * The same as a job of a shell, which alone can hand a terminal on: the job leads a group of its own and is brought to
 * the foreground. Its number is told on descriptor 4; an empty line says that the shell has no job control, and that
 * nothing was started. Ctrl-Z is undone: nobody could bring it back. Ctrl-C is the job's; the shell only tells how it
 * ended.
 */
const job = `
set -m
case $- in *m*) ;; *) echo >&4; exit 126 ;; esac
trap : INT
( exec 4>&-; ${gate} ) &
pid=$!
echo "$pid" >&4
exec 4>&-
while :; do
  fg %1 >/dev/null
  code=$?
  [ "$code" -eq 148 ] && kill -0 "$pid" 2>/dev/null || exit "$code"
done`

/**
 * Starts a command. One whose output we take runs in a session of its own; one that prints where we do gets the
 * terminal, if it is ours to give, so that what asks for a password finds it.
 */
export async function startGroup(run: GroupStart): Promise<StartedGroup> {
  if (!run.onOutput && (await hasTerminalToItself())) {
    const started = await startOnTerminal(run)
    if (started) return started
  }
  const through = run.onOutput ? 'pipe' : 'inherit'
  const from = run.input === undefined ? 'ignore' : 'pipe'
  const child = spawn('/bin/sh', ['-c', gate, 'sh', ...run.command], {
    cwd: run.folder,
    env: { ...run.env },
    detached: true,
    stdio: [run.onOutput ? from : 'inherit', through, through, 'pipe'],
  })
  const exited = exitOf(child)
  await spawned(child, run)
  listen(child.stdout, (chunk) => run.onOutput?.('out', chunk))
  listen(child.stderr, (chunk) => run.onOutput?.('err', chunk))
  // Whoever ends before it has read everything is not told the rest.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(run.input)
  return { child, group: child.pid ?? 0, exited, hasTerminal: false }
}

/** Undefined: the shell could not have the terminal, and nothing was started. */
async function startOnTerminal(run: GroupStart): Promise<StartedGroup | undefined> {
  const child = spawn('/bin/sh', ['-c', job, 'sh', ...run.command], {
    cwd: run.folder,
    env: { ...run.env },
    stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'pipe'],
  })
  const exited = exitOf(child)
  await spawned(child, run)
  const group = Number(await firstLine(child.stdio[4] as Readable))
  if (group > 0) return { child, group, exited, hasTerminal: true }
  child.stdio[3]?.destroy()
  await exited
  return undefined
}

function exitOf(child: ChildProcess): StartedGroup['exited'] {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

async function spawned(child: ChildProcess, run: GroupStart): Promise<void> {
  try {
    await once(child, 'spawn')
  } catch (cause) {
    const what = `Cannot run ${run.command.join(' ')} in ${run.folder}`
    throw new ReconcileError('ProgramMissing', what, { cause })
  }
  // A command that has ended no longer listens; that it ended is told elsewhere.
  child.stdio[3]?.on('error', () => undefined)
}

async function firstLine(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  return text.split('\n')[0] ?? ''
}

function listen(stream: Readable | null, take: (chunk: Buffer) => void): void {
  stream?.on('data', take)
  stream?.on('error', () => undefined)
}
