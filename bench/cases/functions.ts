import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { NetlifySimulator } from '../../test/simulators/netlify/server.ts'
import { TestFleet } from '../../test/support/fleet.ts'
import { deployWithCli, setup as installCli } from '../../test/support/netlify-cli.ts'
import { atLeast, type Bench, type Figure, ratioOf, spreadOf } from '../lib/figure.ts'
import { LivingFunctions } from '../lib/living-functions.ts'

// Cold, with nothing changed, and with one source changed; beside the deploy of the same directory by Netlify's own
// command line tool, in turns, against the same simulator. The command and the tool are whole processes as a user starts
// them; beside them stands a pass of the domain in a process that lives already, as in a controller.

const count = 100
const rounds = { cold: 3, 'nothing changed': 7, 'one changed': 7 } as const

/** What one of them did in one round. */
interface Taken {
  readonly ms: number
  readonly uploads: number
}

const manifest = [
  'apiVersion: reconcile.dev/v1',
  'kind: FunctionSet',
  'metadata: { name: site }',
  'spec:',
  '  site: ours',
  '  directory: ../netlify/functions',
  '',
].join('\n')

const nameOf = (index: number) => `fn-${String(index).padStart(3, '0')}`
const sourceOf = (answer: string) => `export default async () => new Response('${answer}')\n`

export const functions: Bench = {
  name: 'functions',
  title: `deploying ${count} functions, beside netlify deploy of the same directory`,
  run,
}

/** Measures all three situations. */
async function run(): Promise<readonly Figure[]> {
  installCli()
  // None of them is to be slowed down by Netlify's limits.
  const simulator = await NetlifySimulator.start({ callsAMinute: 1_000_000 })
  const fleet = await TestFleet.create({
    'manifests/site.yaml': manifest,
    'package.json': '{"private":true}',
  })
  const living = () => LivingFunctions.open(fleet.folder, { name: 'living', apiUrl: simulator.url })
  let controller = await living()
  try {
    await write(fleet, 'public/index.html', 'home')
    for (let index = 0; index < count; index += 1) {
      await write(fleet, `netlify/functions/${nameOf(index)}.mjs`, sourceOf(nameOf(index)))
    }
    const figures: Figure[] = []
    const cold = async () => {
      await rm(fleet.path('.reconcile'), { recursive: true, force: true })
      await rm(fleet.path('.netlify'), { recursive: true, force: true })
      simulator.sites.length = 0
      await simulator.addSite('ours')
      await simulator.addSite('theirs')
      await simulator.addSite('living')
      await controller.close()
      controller = await living()
    }
    const stage: Stage = { simulator, fleet, pass: () => controller.pass() }
    figures.push(...(await measure(stage, { deploy: 'cold', prepare: cold })))
    const nothing = () => Promise.resolve()
    figures.push(...(await measure(stage, { deploy: 'nothing changed', prepare: nothing, target: 20 })))
    const change = (round: number) =>
      write(fleet, `netlify/functions/${nameOf(50)}.mjs`, sourceOf(`round ${round}`))
    figures.push(...(await measure(stage, { deploy: 'one changed', prepare: change, target: 5 })))
    return figures
  } finally {
    await controller.close()
    await simulator.close()
    await fleet.destroy()
  }
}

interface Stage {
  readonly simulator: NetlifySimulator
  readonly fleet: TestFleet
  /** Of the controller. */
  readonly pass: () => Promise<void>
}

const players = {
  tool: ({ simulator, fleet }: Stage) =>
    timed(simulator, async () => {
      await deployWithCli(fleet.folder, { site: 'theirs', apiUrl: simulator.url })
    }),
  command: ({ simulator, fleet }: Stage) =>
    timed(simulator, async () => {
      const env = { NETLIFY_API_URL: simulator.url, NETLIFY_AUTH_TOKEN: 'test-token' }
      const { status, out, err } = await fleet.reconcile([], { env, limit: 300_000 })
      if (status !== 0) throw new Error(`Our deploy failed: ${out}\n${err}`)
    }),
  controller: ({ simulator, pass }: Stage) => timed(simulator, pass),
}
type Player = keyof typeof players
const names: readonly Player[] = ['tool', 'command', 'controller']

async function measure(
  stage: Stage,
  situation: {
    readonly deploy: keyof typeof rounds
    readonly prepare: (round: number) => Promise<void>
    readonly target?: number
  },
): Promise<readonly Figure[]> {
  const { deploy, prepare, target } = situation
  const taken: Readonly<Record<Player, Taken>>[] = []
  for (let round = 0; round < rounds[deploy]; round += 1) {
    await prepare(round)
    stage.simulator.age(60_000)
    const found = new Map<Player, Taken>()
    // In turns, so that whatever else the machine does hits all.
    for (const [turn] of names.entries()) {
      const player = names[(round + turn) % names.length] ?? 'tool'
      found.set(player, await players[player](stage))
    }
    taken.push(Object.fromEntries(found) as Record<Player, Taken>)
  }
  const msOf = (player: Player) => taken.map((one) => one[player].ms)
  const timesFaster = (player: Player) => ratioOf(msOf('tool'), msOf(player))
  const uploads = (player: Player) => spreadOf(taken.map((one) => one[player].uploads))
  const judged = target === undefined ? {} : { target: atLeast(target) }
  return [
    { what: `${deploy}: netlify deploy`, unit: 'ms', spread: spreadOf(msOf('tool')) },
    { what: `${deploy}: reconcile`, unit: 'ms', spread: spreadOf(msOf('command')) },
    { what: `${deploy}: a controller’s pass`, unit: 'ms', spread: spreadOf(msOf('controller')) },
    { what: `${deploy}: netlify / reconcile`, unit: 'x', spread: timesFaster('command'), ...judged },
    { what: `${deploy}: netlify / controller`, unit: 'x', spread: timesFaster('controller') },
    { what: `${deploy}: uploads of netlify`, unit: 'times', spread: uploads('tool') },
    { what: `${deploy}: uploads of reconcile`, unit: 'times', spread: uploads('command') },
  ]
}

async function timed(simulator: NetlifySimulator, work: () => Promise<void>): Promise<Taken> {
  simulator.calls.length = 0
  const from = performance.now()
  await work()
  const ms = performance.now() - from
  return { ms, uploads: simulator.callsTo('uploadDeployFunction').length }
}

async function write(fleet: TestFleet, path: string, text: string): Promise<void> {
  const file = fleet.path(path)
  await mkdir(dirname(file), { recursive: true })
  // Zips hold the modes of files, and the command line tool takes them as they are.
  await writeFile(file, text, { mode: 0o644 })
}
