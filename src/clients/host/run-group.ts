import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import { endGroup } from './process-group.ts'
import { isGroupAlive, type ProcessIdentity, processIdentity } from './process-identity.ts'
import { type GroupStart, startGroup } from './start-group.ts'
import { Watchdog } from './watchdog.ts'

/** A command that is run in a process group of its own. */
export interface GroupRun extends GroupStart {
  /** How long it may take; undefined: as long as it likes. */
  readonly limit: Duration | undefined
  readonly clock: Clock
  /** Ends it before its limit. */
  readonly signal: AbortSignal
  /**
   * How long the end of its standard output is waited for after it has ended. Default 200 ms: enough for what a person
   * reads, and too short for who needs every byte of it while this program is busy.
   */
  readonly drain?: Duration
  /** Awaited before anything of the command runs: where it fails, nothing was run. */
  readonly onStarted?: (identity: ProcessIdentity) => Promise<void>
}

/** How a run ended. */
export interface GroupResult {
  readonly end: 'exited' | 'timed-out' | 'aborted'
  /** Undefined where a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly duration: Duration
  /** Whether something of it still ran when it had ended; it was ended. */
  readonly hasLeftBehind: boolean
}

/** As which shells tell a command that Ctrl-C ended. */
const interruptedCode = 128 + constants.signals.SIGINT

/** How long its last output is waited for after it has ended. */
const usualDrain: Duration = 200

/**
 * Runs a command to its end or its limit, and leaves no process of its group behind: not when it ends, not at its
 * limit, not when we are told to end, and not when we are killed.
 */
export async function runGroup(run: GroupRun): Promise<GroupResult> {
  run.signal.throwIfAborted()
  const { child, group, exited, hasTerminal } = await startGroup(run)
  const watchdog = await openGate(run, child, group).catch(async (error: unknown) => {
    child.stdio[3]?.destroy()
    await exited
    throw error
  })
  try {
    const startedAt = run.clock.monotonic()
    const first = await firstEnd(run, exited, group)
    const { code, signal } = await exited
    // Ctrl-C went to the command alone; that it was meant for all of it is told by how it ended.
    const isInterrupted = hasTerminal && (code === interruptedCode || signal === 'SIGINT')
    const end = isInterrupted && first === 'exited' ? 'aborted' : first
    const duration = Math.round(run.clock.monotonic() - startedAt)
    const hasLeftBehind = first === 'exited' && (await isGroupAlive(group))
    if (hasLeftBehind) await endGroup(group, run.clock)
    await drained(run, child)
    return { end, exitCode: code ?? undefined, signal: signal ?? undefined, duration, hasLeftBehind }
  } finally {
    await watchdog.dismiss()
  }
}

/** Sets the watchdog, has the run written down, and only then lets it begin. */
async function openGate(run: GroupRun, child: ChildProcess, group: number): Promise<Watchdog> {
  const identity = await processIdentity(group)
  if (!identity) {
    throw new ReconcileError('ProgramMissing', `Cannot run ${run.command.join(' ')}: it ended at once`)
  }
  const watchdog = await Watchdog.over(group, run.env.PATH ?? '')
  try {
    await run.onStarted?.(identity)
  } catch (error) {
    await watchdog.dismiss()
    throw error
  }
  const opener = child.stdio[3]
  if (opener && 'end' in opener) opener.end('go\n')
  return watchdog
}

/** What came first: its own end, its limit, or the caller's wish. In the latter two the whole group is ended. */
async function firstEnd(run: GroupRun, exited: Promise<unknown>, group: number): Promise<GroupResult['end']> {
  const over = new AbortController()
  const ends: Promise<GroupResult['end']>[] = [
    exited.then(() => 'exited' as const),
    new Promise((resolve) => {
      const end = () => resolve('aborted')
      if (run.signal.aborted) end()
      else run.signal.addEventListener('abort', end, { once: true, signal: over.signal })
    }),
  ]
  if (run.limit !== undefined) {
    const limit = run.clock.sleep(run.limit, over.signal).then(
      () => 'timed-out' as const,
      () => 'exited' as const,
    )
    ends.push(limit)
  }
  const end = await Promise.race(ends)
  over.abort()
  if (end !== 'exited') await endGroup(group, run.clock)
  return end
}

/** What holds its output open and has left the group is not waited for. */
async function drained({ clock, drain }: GroupRun, { stdout, stderr }: ChildProcess): Promise<void> {
  const within = (stream: Readable | null, limit: Duration) => {
    const over = new AbortController()
    const sleep = clock.sleep(limit, over.signal).catch(() => undefined)
    return Promise.race([ended(stream), sleep]).finally(() => over.abort())
  }
  await Promise.all([within(stdout, drain ?? usualDrain), within(stderr, usualDrain)])
  stdout?.destroy()
  stderr?.destroy()
}

async function ended(stream: Readable | null): Promise<void> {
  if (stream && !stream.readableEnded && !stream.destroyed) await once(stream, 'close')
}

/** The exit code as a shell tells it: of a signal 128 and its number. */
export function exitCodeOf({ exitCode, signal }: Pick<GroupResult, 'exitCode' | 'signal'>): number {
  return exitCode ?? 128 + (signal === undefined ? 0 : constants.signals[signal])
}
