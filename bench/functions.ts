import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NetlifySimulator } from '../test/simulators/netlify/server.ts'
import { TestFleet } from '../test/support/fleet.ts'
import { deployWithCli, setup as installCli } from '../test/support/netlify-cli.ts'
import { LivingFunctions } from './living-functions.ts'

// Deploys a hundred functions: cold, with nothing changed, and with one source changed; beside the deploy of the same
// directory by Netlify's own command line tool, in turns, against the same simulator. The command and the tool are whole
// processes as a user starts them; beside them stands a pass of the domain in a process that lives already, as in a
// controller. Asks the built program: `npm run build` first. Prints a table and writes build/bench-functions.json.

const functions = 100
const rounds = { cold: 3, 'nothing changed': 7, 'one changed': 7 } as const

/** One situation, in milliseconds: the medians, and how many times faster ours are, round by round. */
export interface FunctionsRow {
  readonly deploy: string
  readonly rounds: number
  readonly 'netlify-cli ms': number
  readonly 'command ms': number
  readonly 'controller ms': number
  /** Median, and from the least to the most. */
  readonly 'command, times faster': string
  readonly 'controller, times faster': string
  /** Of the tool, the command and the controller. */
  readonly uploads: string
  /** What the project asks of itself; undefined: nothing. */
  readonly target: number | undefined
}

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

/** Measures all three situations. */
export async function run(): Promise<readonly FunctionsRow[]> {
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
    for (let index = 0; index < functions; index += 1) {
      await write(fleet, `netlify/functions/${nameOf(index)}.mjs`, sourceOf(nameOf(index)))
    }
    const rows: FunctionsRow[] = []
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
    rows.push(await measure(stage, { deploy: 'cold', prepare: cold }))
    const nothing = () => Promise.resolve()
    rows.push(await measure(stage, { deploy: 'nothing changed', prepare: nothing, target: 20 }))
    const change = (round: number) =>
      write(fleet, `netlify/functions/${nameOf(50)}.mjs`, sourceOf(`round ${round}`))
    rows.push(await measure(stage, { deploy: 'one changed', prepare: change, target: 5 }))
    return rows
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
): Promise<FunctionsRow> {
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
  const msOf = (player: Player) => Math.round(median(taken.map((one) => one[player].ms)))
  const timesFaster = (player: Player) => spread(taken.map((one) => one.tool.ms / one[player].ms))
  return {
    deploy,
    rounds: taken.length,
    'netlify-cli ms': msOf('tool'),
    'command ms': msOf('command'),
    'controller ms': msOf('controller'),
    'command, times faster': timesFaster('command'),
    'controller, times faster': timesFaster('controller'),
    uploads: names.map((player) => taken.at(-1)?.[player].uploads).join(', '),
    target,
  }
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

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

function spread(ratios: readonly number[]): string {
  const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)]
  return `${middle.toFixed(1)} (${least.toFixed(1)}-${most.toFixed(1)})`
}

if (import.meta.main) {
  const rows = await run()
  const file = join(import.meta.dirname, '../build/bench-functions.json')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify({ functions, rows }, undefined, 2)}\n`)
  if (process.argv.includes('--json')) console.log(JSON.stringify({ functions, rows }))
  else console.table(rows)
}
