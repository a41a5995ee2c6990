import { dirname, resolve } from 'node:path'
import { childrenOf, describeProcess, isAlive, readAtOnce } from '../host/process-identity.ts'
import type { Pm2Client } from './client.ts'
import { daemonIdentity } from './daemon/daemon-identity.ts'
import { homePaths } from './home-paths.ts'
import type { Orphan } from './orphans.ts'
import type { Pm2Record } from './process-record.ts'
import { readEnvironment, toldField } from './told.ts'

export interface LostSearch {
  readonly pm2: Pick<Pm2Client, 'home' | 'list' | 'keepsAside'>
  /** What the daemon listed a moment ago: of those nobody needs to ask. */
  readonly listed: readonly Pm2Record[]
  readonly signal?: AbortSignal
}

/**
 * What the daemon that lives has started and does not know any more. PM2 loses a process that is deleted while a restart
 * of it is under way: the restart starts it anew, and the deletion then takes the new one out of the list (seen with 6
 * and 7; `deleteProcessId` in its God/ActionMethods.js). Nothing lists it, nothing ends it. A process is entered into the
 * list in the moment in which it is started, so that a child which was there before the list was asked for, and is not in
 * it, is lost; except for the old one of a reload, which the daemon keeps aside until it has ended. On Linux alone:
 * elsewhere the operating system does not say so much. Changes nothing.
 */
export async function findLost({ pm2, listed, signal }: LostSearch): Promise<readonly Orphan[]> {
  const known = pidsOf(listed)
  const named = namedDaemon(pm2.home)
  const unlisted = named === undefined ? [] : (childrenOf(named) ?? []).filter((pid) => !known.has(pid))
  if (unlisted.length === 0) return []
  // Only now: whoever has that number, it has no child that matters.
  const daemon = await daemonIdentity(pm2.home)
  if (!daemon || daemon.pid !== named) return []
  const children = (await Promise.all(unlisted.map((pid) => readChild(pid, daemon.pid, pm2.home)))).filter(
    (child) => child !== undefined,
  )
  if (children.length === 0) return []
  const since = pidsOf(await pm2.list(signal))
  const lost: Orphan[] = []
  for (const { pmId, orphan } of children) {
    if (since.has(orphan.identity.pid) || (await pm2.keepsAside(pmId, signal))) continue
    // The old one of a reload is not kept aside any more when it has ended.
    if (await isAlive(orphan.identity)) lost.push(orphan)
  }
  return lost
}

function pidsOf(records: readonly Pm2Record[]): ReadonlySet<number> {
  return new Set(records.map(({ pid }) => pid).filter((pid) => pid !== undefined))
}

/** What the daemon's own file says; whether it is one is not looked at. */
export function namedDaemon(home: string): number | undefined {
  return Number.parseInt(readAtOnce(homePaths(home).pidFile), 10) || undefined
}

interface Child {
  readonly orphan: Orphan
  /** The id that PM2 gave it. */
  readonly pmId: number
}

/** A child that was told a pid file of this home; what the daemon itself was told it passes on to any helper. */
async function readChild(pid: number, daemon: number, home: string): Promise<Child | undefined> {
  const process = await describeProcess(pid)
  if (process?.parent !== daemon) return undefined
  const [environment, inherited] = await Promise.all([readEnvironment(pid), readEnvironment(daemon)])
  const [pidFile, name, id] = [
    toldField(environment, 'pm_pid_path'),
    toldField(environment, 'name'),
    toldField(environment, 'pm_id'),
  ]
  if (pidFile === undefined || name === undefined || id === undefined) return undefined
  if (dirname(pidFile) !== homePaths(resolve(home)).pids) return undefined
  if (toldField(inherited, 'pm_pid_path') === pidFile) return undefined
  const orphan = {
    name,
    identity: process.identity,
    pidFile,
    execPath: toldField(environment, 'pm_exec_path'),
    cwd: toldField(environment, 'pm_cwd'),
    reconciledAs: toldField(environment, 'reconciled_as'),
    leadsGroup: process.group === pid,
  }
  return { orphan, pmId: Number(id) }
}
