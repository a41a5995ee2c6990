import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Made when it is needed: most runs of the program start nothing. */
const run = () => promisify(execFile)

/** The environment of a process of ours, as one text of `NAME=value` pieces. */
export async function readEnvironment(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/environ`, 'utf8')
    const { stdout } = await run()('ps', ['-Eww', '-o', 'command=', '-p', String(pid)])
    return stdout
  } catch {
    return ''
  }
}

/** What PM2 told the process about itself: as variables of its own in fork mode, as one JSON text in cluster mode. */
export function toldField(environment: string, field: string): string | undefined {
  const separated = `\0${environment}\0`
  const start = separated.indexOf(`\0${field}=`)
  if (start >= 0) {
    const from = start + field.length + 2
    return separated.slice(from, separated.indexOf('\0', from))
  }
  const json = new RegExp(`"${field}":("(?:[^"\\\\]|\\\\.)*"|\\d+)`).exec(environment)?.[1]
  return json === undefined ? undefined : String(JSON.parse(json))
}

/**
 * PM2 tells every process its name and the path of its pid file: nothing else on the machine was told this one. The
 * name too, because those of two processes can become one file name.
 */
export function wasTold(environment: string, name: string, pidFile: string): boolean {
  if (process.platform !== 'linux') return environment.includes(pidFile)
  return toldField(environment, 'pm_pid_path') === pidFile && toldField(environment, 'name') === name
}
