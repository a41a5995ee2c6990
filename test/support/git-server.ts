import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './fleet.ts'

const run = promisify(execFile)

/** A repository that is served over loopback by git's own daemon, and a clone in which somebody works. */
export interface GitWorld {
  readonly folder: string
  /** `git://127.0.0.1:PORT/fleet.git` */
  readonly url: string
  /** The served repository itself, bare. */
  readonly bare: string
  readonly port: number
  /** In the clone, as the person who works there. */
  git(...args: readonly string[]): Promise<string>
  /** Writes files (undefined: removes one), and commits; returns the commit. */
  commit(files: Readonly<Record<string, string | undefined>>, message?: string): Promise<string>
  push(...options: readonly string[]): Promise<void>
  /** Takes the server from the network, and brings it back at the same place. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

/** What is served by daemon: found where git keeps its programs. Throws a sentence where it is not installed. */
export async function openGitWorld(): Promise<GitWorld> {
  const daemon = join((await run('git', ['--exec-path'])).stdout.trim(), 'git-daemon')
  if (!existsSync(daemon)) throw new Error(`This test needs git's own server: ${daemon} is not installed`)
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'git-world-')))
  const bare = join(folder, 'served/fleet.git')
  const clone = join(folder, 'clone')
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Jo',
    GIT_AUTHOR_EMAIL: 'jo@example.com',
    GIT_COMMITTER_NAME: 'Jo',
    GIT_COMMITTER_EMAIL: 'jo@example.com',
  }
  const git = async (...args: readonly string[]) =>
    (await run('git', [...args], { cwd: clone, env, maxBuffer: 100_000_000 })).stdout.trim()
  await run('git', ['init', '-q', '--bare', '-b', 'main', bare], { env })
  await run('git', ['clone', '-q', bare, clone], { env })
  const port = await freePort()
  let server: ChildProcess | undefined
  const world: GitWorld = {
    folder,
    url: `git://127.0.0.1:${port}/fleet.git`,
    bare,
    port,
    git,
    async commit(files, message = 'change') {
      for (const [name, content] of Object.entries(files)) {
        const path = join(clone, name)
        if (content === undefined) await rm(path)
        else {
          await mkdir(dirname(path), { recursive: true })
          await writeFile(path, content)
        }
      }
      await git('add', '--all')
      await git('commit', '-q', '--allow-empty', '-m', message)
      return git('rev-parse', 'HEAD')
    },
    async push(...options) {
      await git('push', '-q', ...options, 'origin', 'HEAD:main')
    },
    async start() {
      server = spawn(
        daemon,
        [
          '--export-all',
          '--reuseaddr',
          '--listen=127.0.0.1',
          `--port=${port}`,
          `--base-path=${join(folder, 'served')}`,
        ],
        { env, stdio: 'ignore', detached: true },
      )
      await reachable(port)
    },
    async stop() {
      if (server?.pid === undefined || server.exitCode !== null) return
      const ended = once(server, 'exit')
      process.kill(-server.pid, 'SIGKILL')
      await ended
      server = undefined
    },
    async close() {
      await world.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await world.start()
  return world
}

async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`git daemon does not listen on port ${port}`)
}
