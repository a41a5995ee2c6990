import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Pm2Entry, pm2List } from './pm2-list.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const program = join(root, 'dist/reconcile.mjs')
const pm2Program = join(root, 'node_modules/pm2/bin/pm2')

export interface Run {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds after which the run counts as hung and is killed. */
  readonly limit?: number
  /** A program with its first arguments that starts ours in turn, such as a shell that sets a limit. */
  readonly under?: readonly string[]
}

/** A `reconcile` in the background. */
export interface Background {
  readonly pid: number
  /** All that it printed so far, standard error included. */
  log(): string
  /** Resolves when the log holds the text, from `from` characters on. */
  logged(text: string, from?: number): Promise<void>
  signal(name: NodeJS.Signals): void
  /** Its exit status; null where a signal ended it. */
  readonly ended: Promise<number | null>
}

/**
 * A user's machine in miniature: a folder with manifests, a PM2_HOME and a HOME of its own, and the built program
 * that is run in it as a user would run it.
 */
export class TestFleet {
  readonly folder: string
  readonly pm2Home: string
  readonly #started: Background[] = []

  private constructor(folder: string) {
    this.folder = folder
    this.pm2Home = join(folder, 'p')
  }

  /** Short paths, because PM2's sockets may have 107 characters at most. */
  static async create(files: Readonly<Record<string, string>> = {}): Promise<TestFleet> {
    const fleet = new TestFleet(await mkdtemp(join(tmpdir(), 'r-')))
    await mkdir(join(fleet.folder, 'manifests'))
    for (const [path, text] of Object.entries(files)) await fleet.write(path, text)
    return fleet
  }

  get env(): Record<string, string> {
    const path = (process.env.PATH ?? '')
      .split(':')
      .filter((entry) => !entry.includes('node_modules'))
      .join(':')
    return {
      PATH: path,
      HOME: this.folder,
      LANG: 'C.UTF-8',
      PM2_HOME: this.pm2Home,
      // One copy of PM2 for all test fleets.
      XDG_DATA_HOME: join(tmpdir(), 'reconciled-test-data'),
    }
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(path)), { recursive: true })
    await writeFile(this.path(path), text)
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.folder, path))
  }

  async read(path: string): Promise<string> {
    return readFile(this.path(path), 'utf8')
  }

  /** Runs `reconcile` with the arguments, to its end. */
  reconcile(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return runToEnd([...(options.under ?? []), process.execPath, program, ...args], this.#options(options))
  }

  /** Runs the real pm2 command in this PM2_HOME. */
  pm2(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return runToEnd([process.execPath, pm2Program, ...args], this.#options(options))
  }

  /** What PM2 itself says, without starting a daemon where none is. */
  processes(): Promise<readonly Pm2Entry[]> {
    return pm2List(this.path('p/rpc.sock'))
  }

  /** Starts `reconcile watch`. */
  async watch(args: readonly string[] = [], options: RunOptions = {}): Promise<Background> {
    return this.start(['watch', ...args], options)
  }

  /** Starts `reconcile` with the arguments and does not wait for it. */
  start(args: readonly string[], options: RunOptions = {}): Background {
    const [file = process.execPath, ...first] = [...(options.under ?? []), process.execPath]
    const child = spawn(file, [...first, program, ...args], {
      cwd: this.folder,
      env: { ...this.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    const wakers = new Set<() => void>()
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += String(chunk)
        for (const wake of wakers) wake()
      })
    }
    const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
    const started: Background = {
      pid: child.pid ?? 0,
      log: () => text,
      logged: (wanted, from = 0) =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(() => finish(new Error(`Not logged: ${wanted}\n${text}`)), 120_000)
          const look = () => {
            if (text.includes(wanted, from)) finish()
          }
          const finish = (error?: Error) => {
            clearTimeout(timer)
            wakers.delete(look)
            if (error) reject(error)
            else resolve()
          }
          wakers.add(look)
          look()
        }),
      signal: (name) => {
        child.kill(name)
      },
      ended,
    }
    this.#started.push(started)
    return started
  }

  async stopAll(): Promise<void> {
    for (const started of this.#started) {
      started.signal('SIGKILL')
      await started.ended
    }
  }

  /** Stops whatever was started and removes the folder. */
  async destroy(): Promise<void> {
    await this.stopAll()
    // Where there is no daemon the command would start one.
    if (await answers(this.path('p/rpc.sock'))) await this.pm2(['kill'])
    await killDaemonsOf(this.pm2Home)
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #options(options: RunOptions): { cwd: string; env: Record<string, string>; limit: number } {
    return { cwd: this.folder, env: { ...this.env, ...options.env }, limit: options.limit ?? 150_000 }
  }
}

/**
 * What must not change where nothing was to be done: who runs, under which number, how often restarted. Of one that does not
 * run PM2 gives no pid before it has collected it, and 0 afterwards.
 */
export function lives(processes: readonly Pm2Entry[]): unknown {
  return processes.map(({ name, pid, pm_id, pm2_env }) => ({
    name,
    pid: pid || undefined,
    pm_id,
    restarts: pm2_env.restart_time,
  }))
}

function runToEnd(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly limit: number },
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = command
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
    })
    child.stderr.on('data', (chunk) => {
      err += String(chunk)
    })
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`Hung: ${command.join(' ')}\n${out}\n${err}`))
    }, options.limit)
    child.on('error', reject)
    child.on('close', (status) => {
      clearTimeout(timer)
      resolve({ status, out, err })
    })
  })
}

/** Daemons of a home that a test stopped, cut off, or saw started twice. */
export async function killDaemonsOf(home: string): Promise<void> {
  for (const entry of await readdir('/proc')) {
    const title = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    if (!title.includes(`God Daemon (${home})`)) continue
    try {
      process.kill(Number(entry), 'SIGKILL')
    } catch (error) {
      // It was ending already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Whether somebody listens at a socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** A port on loopback that nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Tries until it holds; the last failure is what is thrown. */
export async function eventually(check: () => Promise<void> | void, limit = 60_000): Promise<void> {
  const end = performance.now() + limit
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
