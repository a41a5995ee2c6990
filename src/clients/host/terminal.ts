import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Whether this process is in the foreground of a terminal, so that it may hand it on: in the background, or without one,
 * asking for it would stop us.
 */
export async function isInForeground(): Promise<boolean> {
  const [group, foreground] = await terminalGroups().catch(() => [])
  return group !== undefined && group > 0 && group === foreground
}

/** Our own process group, and that which the terminal listens to; -1: there is no terminal. */
async function terminalGroups(): Promise<readonly number[]> {
  if (process.platform === 'linux') {
    const stat = await readFile('/proc/self/stat', 'utf8')
    // The name, which stands in brackets, may hold anything; after it come state, parent, group, session, tty, tpgid.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [Number(fields[2]), Number(fields[5])]
  }
  const { stdout } = await run('ps', ['-o', 'pgid=,tpgid=', '-p', String(process.pid)])
  return stdout.trim().split(/\s+/).map(Number)
}
