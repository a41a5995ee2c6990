import { mkdir, readFile, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Background } from '../../test/support/fleet.ts'
import { TestFleet } from '../../test/support/fleet.ts'
import { processManifest } from '../../test/support/manifest.ts'
import { atMost, type Bench, type Figure, spreadOf } from '../lib/figure.ts'
import { cpuOf, memoryOf } from '../lib/process-cost.ts'
import { untilOnline } from '../lib/process-fleet.ts'

const count = 100
const settling = 60_000
const watched = 300_000

/** Quiet until it is told to talk: a line a second. */
const program = [
  "process.once('SIGUSR2', () => setInterval(() => console.log('still here'), 1000))",
  'setInterval(() => undefined, 2 ** 30)',
  '',
].join('\n')

export const idle: Bench = {
  name: 'idle',
  title: `watch over ${count} processes for five minutes each, quiet and with ${count} lines of log a second, beside PM2's daemon`,
  async run() {
    const names = Array.from({ length: count }, (_, index) => `app-${String(index).padStart(3, '0')}`)
    const manifests = names.map((name) => [
      `manifests/${name}.yaml`,
      processManifest(name, 'script: ../services/app.mjs'),
    ])
    const fleet = await TestFleet.create({ 'services/app.mjs': program, ...Object.fromEntries(manifests) })
    try {
      const controller = await fleet.watch([], { env: { PATH: await pathWithThisNode(fleet) } })
      await controller.logged('online')
      const daemon = Number(await readFile(fleet.path('p/pm2.pid'), 'utf8'))
      await untilOnline(fleet, count)
      await setTimeout(settling)
      const quiet = await observe(controller, daemon, 'quiet')
      for (const { pid } of await fleet.processes()) process.kill(pid, 'SIGUSR2')
      await setTimeout(5_000)
      return [...quiet, ...(await observe(controller, daemon, 'lines of log'))]
    } finally {
      await fleet.destroy()
    }
  },
}

/** As of a shell whose `node` is the one that runs us: else PM2's daemon would be another Node.js than the controller. */
async function pathWithThisNode(fleet: TestFleet): Promise<string> {
  const folder = fleet.path('bin')
  await mkdir(folder)
  await symlink(process.execPath, join(folder, 'node'))
  return [folder, fleet.env.PATH].join(delimiter)
}

async function observe(
  controller: Background,
  daemon: number,
  how: 'quiet' | 'lines of log',
): Promise<readonly Figure[]> {
  const before = [cpuOf(controller.pid), cpuOf(daemon)] as const
  await setTimeout(watched)
  const share = (pid: number, from: number) => ((cpuOf(pid) - from) / watched) * 100
  const [ours, theirs] = [memoryOf(controller.pid), memoryOf(daemon)]
  const isJudged = how === 'quiet'
  return [
    {
      what: `${how}: CPU of watch, of one core`,
      unit: '% CPU',
      spread: spreadOf([share(controller.pid, before[0])]),
      ...(isJudged && { target: atMost(0.3) }),
    },
    { what: `${how}: CPU of PM2’s daemon`, unit: '% CPU', spread: spreadOf([share(daemon, before[1])]) },
    { what: `${how}: memory of watch`, unit: 'MB', spread: spreadOf([ours]) },
    { what: `${how}: memory of PM2’s daemon`, unit: 'MB', spread: spreadOf([theirs]) },
    {
      what: `${how}: memory, watch / daemon`,
      unit: 'x',
      spread: spreadOf([ours / theirs]),
      ...(isJudged && { target: atMost(1) }),
    },
  ]
}
