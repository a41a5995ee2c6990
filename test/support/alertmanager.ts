import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureProgram } from './debian.ts'
import { eventually, freePort } from './fleet.ts'

const program = 'prometheus-alertmanager'

export function setup(): void {
  ensureProgram(program, 'The tests of alerts')
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
