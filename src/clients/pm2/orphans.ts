import { readdirSync } from 'node:fs'
import { readFile, stat, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import { systemClock } from '../host/clock.ts'
import { describeProcess, isAlive, isGroupAlive, type ProcessIdentity } from '../host/process-identity.ts'
import { fileNameOf, homePaths } from './home-paths.ts'
import { readEnvironment, toldField, wasTold } from './told.ts'

/** A process that a daemon started and that outlived it, so that no daemon knows of it. */
export interface Orphan {
  readonly name: string
  readonly identity: ProcessIdentity
  readonly pidFile: string
  /** As PM2 started it; undefined where the operating system does not say. */
  readonly execPath: string | undefined
  readonly cwd: string | undefined
  /** What it was told of us, as it stands in the configuration of the process; undefined: nothing. */
  readonly reconciledAs: string | undefined
  /** Whether it leads a process group, as PM2's children in fork mode do: its own children are then ended with it. */
  readonly leadsGroup: boolean
}

export interface OrphanSearch {
  /** PM2_HOME, absolute. */
  readonly home: string
  /** PM2 names to look for. */
  readonly names: readonly string[]
  /** Pids that a daemon which runs lists: those are no orphans. */
  readonly known?: ReadonlySet<number>
  /** Pid files of what a daemon which runs lists: they say nothing of anything else. */
  readonly taken?: ReadonlySet<string>
  readonly signal?: AbortSignal
}

/**
 * How much later than its pid file a process may seem to have started: the two are measured by different clocks, to
 * a second in the worst case. A process that got the pid afterwards started later than that.
 */
const startTolerance: Duration = 2000

/** How often is looked whether it has ended. */
const pollInterval: Duration = 20

/** What follows the name in the name of a pid file. */
const endOfPidFile = /-(?:registered)?\d+\.pid$/

async function readPidFile(path: string): Promise<{ readonly pid: number; readonly at: number } | undefined> {
  try {
    const pid = Number((await readFile(path, 'utf8')).trim())
    return Number.isSafeInteger(pid) && pid > 1 ? { pid, at: (await stat(path)).mtimeMs } : undefined
  } catch {
    return undefined
  }
}

async function isDaemon(pid: number): Promise<boolean> {
  if (pid <= 1) return false
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('God Daemon')
  } catch {
    return false
  }
}

async function readOrphan(
  name: string,
  pidFile: string,
  known: ReadonlySet<number>,
): Promise<Orphan | undefined> {
  const file = await readPidFile(pidFile)
  if (!file || known.has(file.pid)) return undefined
  const process = await describeProcess(file.pid)
  if (!process || process.startedAt > file.at + startTolerance) return undefined
  if (await isDaemon(process.parent)) return undefined
  const environment = await readEnvironment(file.pid)
  if (!wasTold(environment, name, pidFile)) return undefined
  return {
    name,
    identity: process.identity,
    pidFile,
    execPath: toldField(environment, 'pm_exec_path'),
    cwd: toldField(environment, 'pm_cwd'),
    reconciledAs: toldField(environment, 'reconciled_as'),
    leadsGroup: process.group === file.pid,
  }
}

/** The pid files of a folder, by what PM2 makes of the name of their process. */
function pidFilesIn(folder: string): ReadonlyMap<string, readonly string[]> {
  try {
    // At once: it is asked for in each reading, and most of them find nothing.
    const files = readdirSync(folder)
    return Map.groupBy(
      files.filter((file) => endOfPidFile.test(file)),
      (file) => file.replace(endOfPidFile, ''),
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
}

/**
 * What a daemon that was killed left behind of these names, told by its pid files. A process counts only where the
 * operating system bears the file out: it started no later than the file was written, and PM2 told it this very
 * file. Changes nothing.
 */
export async function findOrphans(search: OrphanSearch): Promise<readonly Orphan[]> {
  const folder = homePaths(resolve(search.home)).pids
  const files = pidFilesIn(folder)
  const orphans: Orphan[] = []
  for (const name of new Set(search.names)) {
    for (const file of files.get(fileNameOf(name)) ?? []) {
      search.signal?.throwIfAborted()
      const pidFile = join(folder, file)
      if (search.taken?.has(pidFile)) continue
      const orphan = await readOrphan(name, pidFile, search.known ?? new Set())
      // Two names can share a file name; the process knows which one it is.
      if (orphan && !orphans.some(({ identity }) => identity.pid === orphan.identity.pid))
        orphans.push(orphan)
    }
  }
  return orphans
}

export interface TerminateOptions {
  /** How long it may take to end by itself before it is killed. */
  readonly killTimeout: Duration
  readonly clock?: Clock
  readonly signal?: AbortSignal
}

/** Whether it, or what is left of the group that it leads, still lives. A group keeps its number while it has members. */
async function isLeft({ identity, leadsGroup }: Orphan): Promise<boolean> {
  return (await isAlive(identity)) || (leadsGroup && (await isGroupAlive(identity.pid)))
}

async function whenEnded(orphan: Orphan, options: TerminateOptions): Promise<boolean> {
  const clock = options.clock ?? systemClock
  const start = clock.monotonic()
  while (await isLeft(orphan)) {
    if (clock.monotonic() - start >= options.killTimeout) return false
    await clock.sleep(pollInterval, options.signal)
  }
  return true
}

function signalOrphan({ identity, leadsGroup }: Orphan, name: NodeJS.Signals): void {
  try {
    process.kill(leadsGroup ? -identity.pid : identity.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * Ends an orphan as PM2 would have: SIGINT, and SIGKILL for what is left after `killTimeout`. Only ever this one
 * process, and the group that it leads; nothing where it has ended meanwhile and another one has its pid.
 */
export async function terminateOrphan(orphan: Orphan, options: TerminateOptions): Promise<void> {
  if (await isAlive(orphan.identity)) {
    signalOrphan(orphan, 'SIGINT')
    if (!(await whenEnded(orphan, options))) {
      if (await isLeft(orphan)) signalOrphan(orphan, 'SIGKILL')
      if (!(await whenEnded(orphan, options))) {
        throw new ReconcileError(
          'OperationTimedOut',
          `Could not end process ${orphan.identity.pid}, which an earlier PM2 daemon left behind`,
        )
      }
    }
  }
  const file = await readPidFile(orphan.pidFile)
  if (file?.pid === orphan.identity.pid) await unlink(orphan.pidFile)
}
