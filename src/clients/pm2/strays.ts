import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { livingProcesses, type ProcessDescription } from '../host/process-identity.ts'
import { homePaths } from './home-paths.ts'
import type { Orphan } from './orphans.ts'
import { readEnvironment, toldField } from './told.ts'

/**
 * Orphans without a pid file: their daemon was killed in the moment between starting them and writing it, or had just
 * taken the file of their predecessor away. They are told from what other programs start by all of this together: PM2
 * told them a pid file of this home, they lead a group as its children do, nobody but the machine's own collector of
 * orphans is their parent, and they are older than every daemon that lives in this home. On Linux alone: elsewhere the
 * operating system does not say so much.
 */
export async function findStrays(home: string): Promise<readonly Orphan[]> {
  const all = await livingProcesses()
  const byPid = new Map(all.map((one) => [one.identity.pid, one]))
  const collectors = ancestorsOf(process.pid, byPid)
  const candidates = all.filter(
    ({ identity, group, parent }) => group === identity.pid && (parent === 1 || collectors.has(parent)),
  )
  const daemons = await daemonsOf(home, candidates)
  const begin = Math.min(...daemons.map(({ startedAt }) => startedAt))
  const pids = homePaths(resolve(home)).pids
  const strays: Orphan[] = []
  for (const { identity, startedAt } of candidates) {
    if (startedAt >= begin || daemons.some((daemon) => daemon.identity.pid === identity.pid)) continue
    const environment = await readEnvironment(identity.pid)
    const pidFile = toldField(environment, 'pm_pid_path')
    const name = toldField(environment, 'name')
    if (pidFile === undefined || name === undefined || dirname(pidFile) !== pids) continue
    const [execPath, cwd] = [toldField(environment, 'pm_exec_path'), toldField(environment, 'pm_cwd')]
    const reconciledAs = toldField(environment, 'reconciled_as')
    strays.push({ name, identity, pidFile, execPath, cwd, reconciledAs, leadsGroup: true })
  }
  return strays
}

/** Who takes the children of the dead, where it is not process 1: one that we descend from, too. */
function ancestorsOf(pid: number, byPid: ReadonlyMap<number, ProcessDescription>): ReadonlySet<number> {
  const found = new Set<number>()
  for (let parent = byPid.get(pid)?.parent; parent; parent = byPid.get(parent)?.parent) found.add(parent)
  return found
}

/** By the title that PM2 gives its daemon. */
async function daemonsOf(
  home: string,
  candidates: readonly ProcessDescription[],
): Promise<readonly ProcessDescription[]> {
  const titles = await Promise.all(
    candidates.map(({ identity }) => readFile(`/proc/${identity.pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return candidates.filter((_, index) => titles[index]?.includes(`God Daemon (${home})`))
}
