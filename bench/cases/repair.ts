import { setTimeout } from 'node:timers/promises'
import type { Pm2Client } from '../../src/clients/pm2/client.ts'
import { openPm2 } from '../../src/clients/pm2/open.ts'
import { TestFleet } from '../../test/support/fleet.ts'
import { processManifest } from '../../test/support/manifest.ts'
import { atMost, type Bench, type Figure, spreadOf } from '../lib/figure.ts'
import { untilOnline } from '../lib/process-fleet.ts'
import { beginningOf, forgetBeginning, stampingProgram } from '../lib/started-program.ts'
import { Supervisor } from '../lib/supervisors.ts'

/** Each victim once: who is undone again and again is met at the pace of a rival. */
const victims = Array.from({ length: 15 }, (_, index) => `app-${index}`)
/** A supervisor takes a child that ends sooner for one that fails to start. */
const rest = 2_000

export const repair: Bench = {
  name: 'repair',
  title: `a process is deleted by hand under watch, one of ${victims.length}; for scale, a child killed with -9 under others`,
  async run() {
    const fleet = await TestFleet.create({ 'services/app.mjs': stampingProgram })
    const stamp = (name: string) => fleet.path(`${name}.began`)
    for (const name of victims) {
      const spec = `script: ../services/app.mjs\nargs: [${JSON.stringify(stamp(name))}]`
      await fleet.write(`manifests/${name}.yaml`, processManifest(name, spec))
    }
    const figures: Figure[] = []
    try {
      const controller = await fleet.watch()
      await untilSocket(fleet)
      await untilOnline(fleet, victims.length)
      await setTimeout(10_000)
      const client = openPm2({ home: fleet.pm2Home })
      const toCall: number[] = []
      const toRun: number[] = []
      const byPm2: number[] = []
      try {
        for (const name of victims) {
          await setTimeout(rest)
          await forgetBeginning(stamp(name))
          const { pmId } = await recordOf(client, name)
          await client.delete({ pmId, name })
          const deleted = Date.now()
          toRun.push((await beginningOf(stamp(name))) - deleted)
          // PM2 notes when it is told to start.
          toCall.push(((await recordOf(client, name)).uptimeSince ?? Number.NaN) - deleted)
        }
        for (const name of victims) {
          await setTimeout(rest)
          await forgetBeginning(stamp(name))
          byPm2.push(await killAndWait((await recordOf(client, name)).pid ?? 0, stamp(name)))
        }
      } finally {
        await client.close()
      }
      controller.signal('SIGTERM')
      await controller.ended
      figures.push(
        {
          what: 'deleted by hand, until the start call',
          unit: 'ms',
          spread: spreadOf(toCall),
          target: atMost(150),
        },
        { what: 'deleted by hand, until it runs', unit: 'ms', spread: spreadOf(toRun) },
        { what: 'killed with -9 under PM2, until it runs', unit: 'ms', spread: spreadOf(byPm2) },
      )
    } finally {
      await fleet.destroy()
    }
    for (const name of ['supervisord', 'monit'] as const) {
      const supervisor = await Supervisor.start(name)
      const taken: number[] = []
      try {
        for (let round = 0; round < 10; round += 1) {
          await setTimeout(rest + round * 97)
          await forgetBeginning(supervisor.beginning)
          taken.push(await killAndWait(await supervisor.pid(), supervisor.beginning))
        }
      } finally {
        await supervisor.stop()
      }
      figures.push({
        what: `killed with -9 under ${name}, until it runs`,
        unit: 'ms',
        spread: spreadOf(taken),
      })
    }
    return figures
  },
}

async function killAndWait(pid: number, stamp: string): Promise<number> {
  const killed = Date.now()
  process.kill(pid, 'SIGKILL')
  return (await beginningOf(stamp)) - killed
}

async function recordOf(client: Pm2Client, name: string) {
  const record = (await client.list()).find((one) => one.name === name)
  if (record === undefined) throw new Error(`PM2 has no ${name}`)
  return record
}

/** The daemon is started by the controller. */
async function untilSocket(fleet: TestFleet): Promise<void> {
  const end = performance.now() + 60_000
  while ((await fleet.processes()).length === 0) {
    if (performance.now() > end) throw new Error('No process within a minute')
    await setTimeout(200)
  }
}
