import { rm } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { openPm2 } from '../../src/clients/pm2/open.ts'
import { TestFleet } from '../../test/support/fleet.ts'
import { processManifest } from '../../test/support/manifest.ts'

/** The same processes twice, each in a home of its own: as manifests for us, and as an ecosystem file for PM2. */
export class ProcessFleet {
  readonly ours: TestFleet
  readonly theirs: TestFleet

  private constructor(ours: TestFleet, theirs: TestFleet) {
    this.ours = ours
    this.theirs = theirs
  }

  /** Of so many processes of a program, given as text; nothing is started. */
  static async create(count: number, program: string): Promise<ProcessFleet> {
    const names = Array.from({ length: count }, (_, index) => `app-${String(index).padStart(3, '0')}`)
    const manifests = names.map((name) => [
      `manifests/${name}.yaml`,
      processManifest(name, 'script: ../services/app.mjs'),
    ])
    const ours = await TestFleet.create({ 'services/app.mjs': program, ...Object.fromEntries(manifests) })
    const apps = names.map((name) => ({ name, script: 'services/app.mjs' }))
    const theirs = await TestFleet.create({
      'services/app.mjs': program,
      'ecosystem.config.js': `module.exports = ${JSON.stringify({ apps }, undefined, 2)}\n`,
    })
    return new ProcessFleet(ours, theirs)
  }

  /** Ends what was started and removes all. */
  async destroy(): Promise<void> {
    await this.ours.destroy()
    await this.theirs.destroy()
  }
}

/** A program that does nothing. */
export const quietProgram = 'setInterval(() => undefined, 2 ** 30)\n'

/** Ends all that runs in it, the daemon too, and forgets what was recorded of it. */
export async function clear(fleet: TestFleet): Promise<void> {
  await succeed(fleet.pm2(['kill']))
  await rm(fleet.path('.reconcile'), { recursive: true, force: true })
}

/** Resolves when so many of a home are online. */
export async function untilOnline(fleet: TestFleet, count: number): Promise<void> {
  const client = openPm2({ home: fleet.pm2Home })
  try {
    const end = performance.now() + 60_000
    for (;;) {
      const online = (await client.list()).filter(({ status }) => status === 'online')
      if (online.length >= count) return
      if (performance.now() > end)
        throw new Error(`Only ${online.length} of ${count} came online in a minute`)
      await setTimeout(10)
    }
  } finally {
    await client.close()
  }
}

/** How often all of a home were restarted, in sum. */
export async function countRestarts(fleet: TestFleet): Promise<number> {
  const processes = await fleet.processes()
  return processes.reduce((sum, { pm2_env }) => sum + pm2_env.restart_time, 0)
}

/** Runs a command that must succeed. */
export async function succeed(
  run: Promise<{ status: number | null; out: string; err: string }>,
): Promise<string> {
  const { status, out, err } = await run
  if (status !== 0) throw new Error(`Exit ${status}:\n${out}\n${err}`)
  return out
}
