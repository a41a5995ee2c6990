import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killProcessesOf } from '../../test/support/pm2.ts'
import { PeerMissing } from './peer-missing.ts'
import { beginningOf, stampingProgram } from './started-program.ts'

/** One supervisor of Debian that keeps one process of the stamping program. */
export class Supervisor {
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder
    this.#child = child
  }

  /** With what its package sets by default, but for the cycle of monit: one second instead of two minutes. */
  static async start(name: 'supervisord' | 'monit'): Promise<Supervisor> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'))
    const app = join(folder, 'app.mjs')
    await writeFile(app, stampingProgram)
    const command = `${process.execPath} ${app} ${join(folder, 'began')}`
    const config = join(folder, 'config')
    const lines = {
      supervisord: [
        '[supervisord]',
        `logfile=${folder}/log`,
        `pidfile=${folder}/supervisor.pid`,
        'user=root',
        '[program:app]',
        `command=/bin/sh -c "echo $$ > ${folder}/app.pid; exec ${command}"`,
      ],
      monit: [
        'set daemon 1',
        `set logfile ${folder}/log`,
        `set pidfile ${folder}/monit.pid`,
        `set idfile ${folder}/id`,
        `set statefile ${folder}/state`,
        `check process app with pidfile ${folder}/app.pid`,
        // It waits until its start program ends.
        `  start program = "/bin/sh -c '${command} & echo $! > ${folder}/app.pid'"`,
      ],
    }
    await writeFile(config, `${lines[name].join('\n')}\n`)
    await chmod(config, 0o600)
    const args = name === 'supervisord' ? ['-n', '-c', config] : ['-I', '-c', config]
    // What it starts is found by this path, and ended with it.
    const env = { PATH: process.env.PATH, HOME: `${folder}/` }
    const child = spawn(name, args, { cwd: folder, env, stdio: 'ignore' })
    await once(child, 'spawn').catch((error) => {
      throw error.code === 'ENOENT' ? new PeerMissing(name) : error
    })
    const supervisor = new Supervisor(folder, child)
    await beginningOf(supervisor.beginning)
    return supervisor
  }

  /** Where its process writes when it began. */
  get beginning(): string {
    return join(this.#folder, 'began')
  }

  /** The pid of its process. */
  async pid(): Promise<number> {
    return Number(await readFile(join(this.#folder, 'app.pid'), 'utf8'))
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    await killProcessesOf(this.#folder)
    await rm(this.#folder, { recursive: true, force: true })
  }
}
