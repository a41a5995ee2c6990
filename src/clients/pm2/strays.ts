import { readlinkSync, realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Duration } from '../../core/duration.ts'
import {
  allPids,
  childrenOf,
  describeAtOnce,
  type ProcessDescription,
  readAtOnce,
} from '../host/process-identity.ts'
import { homePaths } from './home-paths.ts'
import { namedDaemon } from './lost.ts'
import type { Orphan } from './orphans.ts'
import { toldField } from './told.ts'

/** What one look at the machine found. */
export interface Strays {
  readonly orphans: readonly Orphan[]
  /** The pids of the daemons that live in this home: the children of each of them may yet become orphans. */
  readonly daemons: readonly number[]
}

/** How much later or earlier than PM2 says a process may seem to have started: the clocks are two, and machines are busy. */
const startTolerance: Duration = 2000

/**
 * Orphans whose pid file says nothing of them: their daemon was killed in the moment between starting them and writing it,
 * or another one has started their successor, whose pid it holds now. They are told from what other programs start by all
 * of this together: PM2 told them a pid file of this home, they lead a group as its children do, nobody but the machine's
 * own collector of orphans is their parent, they are older than every daemon that lives in this home, and they are the very
 * process that PM2 started (`isOfPm2`), not one that it started in turn. On Linux alone: elsewhere the operating system
 * does not say so much. Changes nothing.
 */
export function findStrays(home: string): Strays {
  const collectors = collectorsFor(home)
  const children = [...collectors].map(childrenOf)
  // A kernel that does not tell children has all looked at.
  const pids = children.includes(undefined) ? allPids() : children.flatMap((some) => some ?? [])
  // Whoever started the daemon may still be its parent, as we are.
  const daemon = namedDaemon(home)
  const leaders = describeAtOnce([...new Set([...pids, ...(daemon === undefined ? [] : [daemon])])]).filter(
    ({ identity, group }) => group === identity.pid,
  )
  const named = leaders.flatMap((one) => {
    const environment = readAtOnce(`/proc/${one.identity.pid}/environ`)
    return environment.includes(home) ? [{ ...one, environment, command: commandOf(one) }] : []
  })
  const daemons = named.filter(({ command }) => command.includes(`God Daemon (${home})`))
  const begin = Math.min(...daemons.map(({ startedAt }) => startedAt))
  const folder = homePaths(resolve(home)).pids
  const orphans: Orphan[] = []
  for (const candidate of named) {
    const { identity, parent, startedAt, environment } = candidate
    if (startedAt >= begin || !collectors.has(parent)) continue
    const pidFile = toldField(environment, 'pm_pid_path')
    const name = toldField(environment, 'name')
    if (pidFile === undefined || name === undefined || dirname(pidFile) !== folder) continue
    if (!isOfPm2(candidate)) continue
    const [execPath, cwd] = [toldField(environment, 'pm_exec_path'), toldField(environment, 'pm_cwd')]
    const reconciledAs = toldField(environment, 'reconciled_as')
    orphans.push({ name, identity, pidFile, execPath, cwd, reconciledAs, leadsGroup: true })
  }
  return { orphans, daemons: daemons.map(({ identity }) => identity.pid) }
}

/**
 * Whether PM2 itself started it. What such a process starts inherits all that it was told, so that a terminal server which
 * somebody opened in a managed editor looks like it. But PM2 says in the same words when it started its process and what
 * that runs, and gives it a channel of which Node.js tells no child. Who gave himself another name, or became another
 * program (a script that ends in `exec`), is known by what he still holds of PM2.
 */
function isOfPm2(
  candidate: ProcessDescription & { readonly environment: string; readonly command: string },
): boolean {
  const { identity, startedAt, environment, command } = candidate
  const toldAt = Number(toldField(environment, 'pm_uptime') ?? Number.NaN)
  const execPath = toldField(environment, 'pm_exec_path')
  if (!(Math.abs(startedAt - toldAt) <= startTolerance) || execPath === undefined) return false
  const channel = toldField(environment, 'NODE_CHANNEL_FD')
  if (channel === undefined) return false
  return runs(command, execPath) || isProgram(identity.pid, execPath) || holdsPipes(identity.pid, channel)
}

/**
 * Whether it reads from PM2 and has the channel open, which are sockets to it (`stdio` of its God/ForkMode.js, the same in 6
 * and 7). Whoever goes into the background gives up his input: shells and daemons set it to /dev/null.
 */
function holdsPipes(pid: number, channel: string): boolean {
  const isSocket = (descriptor: string) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith('socket:')
    } catch {
      return false
    }
  }
  return isSocket('0') && isSocket(channel)
}

/** Whether a command line names it, or PM2's own wrapper that has not yet given its process a name. */
function runs(command: string, execPath: string): boolean {
  if (` ${command} `.includes(` ${execPath} `)) return true
  if (/\/ProcessContainer(Fork|Bun)?\.js( |$)/.test(command)) return true
  // The name that the wrapper gives is cut off where there is no room for it.
  return command.length > shortestTitle && `node ${execPath}`.startsWith(command)
}

/** There is room for the path of PM2's wrapper at least. */
const shortestTitle = 30

/** Whether it is the program itself, by whatever name it goes. */
function isProgram(pid: number, execPath: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === realpathSync(execPath)
  } catch {
    return false
  }
}

function commandOf({ identity }: ProcessDescription): string {
  return readAtOnce(`/proc/${identity.pid}/cmdline`).replaceAll('\0', ' ').trim()
}

/**
 * Who takes the children of the dead: process 1, and whoever we descend from too. Not a daemon that we were started by: its
 * children are its own.
 */
function collectorsFor(home: string): ReadonlySet<number> {
  const found = new Set([1])
  for (let pid = parentOf(process.pid); pid > 1; pid = parentOf(pid)) found.add(pid)
  const daemon = namedDaemon(home)
  for (const pid of found) {
    const isDaemon = pid === daemon || readAtOnce(`/proc/${pid}/cmdline`).includes('God Daemon')
    if (isDaemon) found.delete(pid)
  }
  return found
}

function parentOf(pid: number): number {
  const text = readAtOnce(`/proc/${pid}/stat`)
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) || 0
}
