import { readFile } from 'node:fs/promises'
import { type ProcessIdentity, processIdentity } from '../../host/process-identity.ts'
import { homePaths } from '../home-paths.ts'

/** The process that the daemon named in its own file, where that is a PM2 daemon of this home and lives. */
export async function daemonIdentity(home: string): Promise<ProcessIdentity | undefined> {
  try {
    const pid = Number.parseInt(await readFile(homePaths(home).pidFile, 'utf8'), 10)
    const identity = await processIdentity(pid)
    if (!identity) return undefined
    const title = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')[0] ?? ''
    return title.startsWith('PM2') && title.includes(home) ? identity : undefined
  } catch {
    return undefined
  }
}
