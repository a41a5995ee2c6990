import { readFile } from 'node:fs/promises'
import {
  describeProcess,
  type ProcessDescription,
  type ProcessIdentity,
} from '../../host/process-identity.ts'
import { homePaths } from '../home-paths.ts'

/** The process that the daemon named in its own file, where that is a PM2 daemon of this home and lives. */
export async function daemonIdentity(home: string): Promise<ProcessIdentity | undefined> {
  return (await describeDaemon(home))?.identity
}

/** The same with its start. */
export async function describeDaemon(home: string): Promise<ProcessDescription | undefined> {
  try {
    const pid = Number.parseInt(await readFile(homePaths(home).pidFile, 'utf8'), 10)
    const daemon = await describeProcess(pid)
    if (!daemon) return undefined
    const title = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')[0] ?? ''
    return title.startsWith('PM2') && title.includes(home) ? daemon : undefined
  } catch {
    return undefined
  }
}
