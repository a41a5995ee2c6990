import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, freePort } from './fleet.ts'

const program = 'prometheus-alertmanager'

/** Makes sure that Debian's Alertmanager is there before tests that use it: they fail without it, and are never skipped. */
export function setup(): void {
  if (isThere()) return
  if (process.getuid?.() !== 0) {
    throw new Error(`The tests of alerts need Alertmanager: apt-get install ${program}`)
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // An index that is old or missing is renewed; one that cannot be renewed may still name the package.
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', program], {
    env,
    stdio: 'ignore',
  })
  if (!isThere()) throw new Error(`Installed ${program}, and it does not run`)
}

function isThere(): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

/** One alert as Alertmanager's API v2 tells it. */
export interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly status: { readonly state: string }
}

/** A real Alertmanager on loopback, in a folder of its own, that tells a webhook. */
export class Alertmanager {
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port
    this.#child = child
    this.#folder = folder
  }

  static async open(webhook: string): Promise<Alertmanager> {
    const folder = await mkdtemp(join(tmpdir(), 'alertmanager-'))
    const port = await freePort()
    const route = { receiver: 'hook', group_by: ['fleet'], group_wait: '1s', group_interval: '1s' }
    const receivers = [{ name: 'hook', webhook_configs: [{ url: webhook, send_resolved: true }] }]
    await writeFile(join(folder, 'config.yml'), JSON.stringify({ route, receivers }))
    const args = [
      `--config.file=${folder}/config.yml`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]
    const child = spawn(program, args, { stdio: 'ignore' })
    const opened = new Alertmanager(port, child, folder)
    try {
      await eventually(async () => void (await opened.alerts()), 60_000)
    } catch (error) {
      await opened.close()
      throw error
    }
    return opened
  }

  /** What it takes for firing now. */
  async alerts(): Promise<readonly KnownAlert[]> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v2/alerts`)
    return (await answer.json()) as readonly KnownAlert[]
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await ended
    await rm(this.#folder, { recursive: true, force: true })
  }
}
