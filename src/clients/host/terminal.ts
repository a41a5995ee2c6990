import { execFile } from 'node:child_process'
import { fstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Made when it is needed: most runs of the program start nothing. */
const run = () => promisify(execFile)

/**
 * Whether this process has a terminal to itself, so that it may hand it on. In the background, or without one, asking for
 * it would stop us; and who reads what we print (`reconcile run x | less`) shares it with us and would be stopped.
 */
export async function hasTerminalToItself(): Promise<boolean> {
  if ([1, 2].some(isPiped)) return false
  const [group, foreground] = await terminalGroups().catch(() => [])
  return group !== undefined && group > 0 && group === foreground
}

function isPiped(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor)
    return stats.isFIFO() || stats.isSocket()
  } catch {
    // Closed: nobody reads it.
    return false
  }
}

/** Our own process group, and that which the terminal listens to; -1: there is no terminal. */
async function terminalGroups(): Promise<readonly number[]> {
  if (process.platform === 'linux') {
    const stat = await readFile('/proc/self/stat', 'utf8')
    // The name, which stands in brackets, may hold anything; after it come state, parent, group, session, tty, tpgid.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [Number(fields[2]), Number(fields[5])]
  }
  const { stdout } = await run()('ps', ['-o', 'pgid=,tpgid=', '-p', String(process.pid)])
  return stdout.trim().split(/\s+/).map(Number)
}
