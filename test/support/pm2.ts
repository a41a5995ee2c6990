import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pm2Client } from '../../src/clients/pm2/client.ts'
import { withoutModuleFolders } from '../../src/clients/pm2/daemon/program-path.ts'
import { openPm2 } from '../../src/clients/pm2/open.ts'

/** The daemons that tests run against. */
export const pm2Versions = [6, 7] as const
export type Pm2Version = (typeof pm2Versions)[number]

export interface TestDaemon {
  readonly version: Pm2Version
  readonly home: string
  readonly pid: number
  readonly client: Pm2Client
  /** A folder for scripts and what they write; removed with the daemon. */
  readonly folder: string
  /** Runs this version's own `pm2` command in this home. */
  cli(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>
  /** Ends the daemon at once, as a crash does; what it started may live on. */
  crash(): Promise<void>
  /** Ends the daemon and all that was started in its home, and removes every file of it. */
  stop(): Promise<void>
}

const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

/** The folder of a PM2 package. */
export function pm2Folder(version: Pm2Version): string {
  return join(projectFolder, 'node_modules', version === 6 ? 'pm2-6' : 'pm2')
}

/** A PATH as a user's shell has it, with this Node first. */
const plainPath = [join(process.execPath, '..'), withoutModuleFolders(process.env.PATH)].join(delimiter)

/** An environment that a process may be started with. */
export const plainEnv: Readonly<Record<string, string>> = Object.freeze({
  PATH: plainPath,
  HOME: homedir(),
  LANG: 'C.UTF-8',
})

/** An empty folder with a path short enough for sockets. Remove it with `removeFolder`. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'r-'))
}

/** Removes a folder into which something that is ending may still write. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}

/** Whether a process lives; one that ended and was not collected yet does not. */
export async function lives(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

/** Waits until `look` gives something, at most `limit` milliseconds; gives that, or fails with `what`. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limit = 20_000,
): Promise<T> {
  const end = performance.now() + limit
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`It never happened that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What a program wrote into a file; undefined: nothing yet, for a file is there before what it holds. */
export async function writtenIn(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : text
}

/** Processes whose environment names a path: all that was started in a home of ours, and nothing else. */
export async function processesOf(home: string): Promise<readonly number[]> {
  const pids: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue
    try {
      const environment = await readFile(`/proc/${entry}/environ`, 'utf8')
      if (environment.includes(`${home}/`) || environment.includes(`PM2_HOME=${home}\0`))
        pids.push(Number(entry))
    } catch {
      // It has ended, or belongs to somebody else.
    }
  }
  return pids
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** Ends everything that was started in a home of ours; repeats, because what ends may just have started another. */
export async function killProcessesOf(home: string): Promise<void> {
  await eventually(`all processes of ${home} end`, async () => {
    const pids = await processesOf(home)
    for (const pid of pids) killOne(pid)
    const living = await Promise.all(pids.map((pid) => lives(pid)))
    return !living.includes(true)
  })
}

/** Runs a `pm2` command of a version in a home. */
function runPm2(
  version: Pm2Version,
  home: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(pm2Folder(version), 'bin', 'pm2'), ...args],
      {
        env: { ...plainEnv, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' },
        timeout: 30_000,
        killSignal: 'SIGKILL',
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, stdout, stderr })
      },
    )
  })
}

async function launch(version: Pm2Version, home: string): Promise<ChildProcess & { readonly pid: number }> {
  for (const folder of ['logs', 'pids', 'modules']) await mkdir(join(home, folder), { recursive: true })
  await writeFile(join(home, 'module_conf.json'), '{}')
  await writeFile(join(home, 'touch'), '')
  const log = await open(join(home, 'pm2.log'), 'a')
  try {
    const child = spawn(process.execPath, [join(pm2Folder(version), 'lib', 'Daemon.js')], {
      detached: true,
      cwd: home,
      env: { ...plainEnv, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true', SILENT: 'true' },
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`PM2 ${version} ended at its start; see ${home}/pm2.log`)))
    })
    child.disconnect()
    const { pid } = child
    if (pid === undefined) throw new Error('A child that sent a message has a pid')
    return Object.assign(child, { pid })
  } finally {
    await log.close()
  }
}

/** Folders of daemons that were started and not stopped: a test that ran into its time limit never gets there. */
const unstopped = new Set<string>()

process.on('exit', () => {
  for (const root of unstopped) {
    for (const entry of readdirSync('/proc')) {
      try {
        if (readFileSync(`/proc/${entry}/environ`, 'utf8').includes(`${root}/`)) killOne(Number(entry))
      } catch {
        // Not a process, or not ours, or gone.
      }
    }
    rmSync(root, { recursive: true, force: true })
  }
})

function whenExited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

/** Starts a real daemon in a home of its own. Stop it, whatever happens. */
export async function startDaemon(
  version: Pm2Version,
  options: { readonly callTimeout?: number } = {},
): Promise<TestDaemon> {
  const root = await makeFolder()
  unstopped.add(root)
  const home = join(root, 'h')
  const folder = join(root, 'w')
  await mkdir(folder)
  await mkdir(home, { mode: 0o700 })
  const child = await launch(version, home)
  const client = openPm2({ home, ...options })
  const crash = async (): Promise<void> => {
    child.kill('SIGKILL')
    await whenExited(child)
  }
  return {
    version,
    home,
    folder,
    pid: child.pid,
    client,
    cli: (...args) => runPm2(version, home, args),
    crash,
    async stop() {
      await client.close()
      await crash()
      await killProcessesOf(root)
      await removeFolder(root)
      unstopped.delete(root)
    },
  }
}

/** Runs `body` with a daemon that is gone afterwards, with all that it started. */
export async function withDaemon<T>(
  version: Pm2Version,
  body: (daemon: TestDaemon) => Promise<T>,
): Promise<T> {
  const daemon = await startDaemon(version)
  try {
    return await body(daemon)
  } finally {
    await daemon.stop()
  }
}

/** The daemons that run in a home, by what they were started with. */
export async function daemonsOf(home: string): Promise<readonly number[]> {
  const found: number[] = []
  for (const pid of await processesOf(home)) {
    const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (title.includes('God Daemon') || title.includes('Daemon.js')) found.push(pid)
  }
  return found
}
