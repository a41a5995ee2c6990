import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NetlifySimulator } from '../test/simulators/netlify/server.ts'
import { TestFleet } from '../test/support/fleet.ts'
import { deployWithCli, setup as installCli } from '../test/support/netlify-cli.ts'

// Deploys a hundred functions: cold, with nothing changed, and with one source changed; beside the deploy of the same
// directory by Netlify's own command line tool, in turns, against the same simulator. Both are whole processes as a user
// starts them. Asks the built program: `npm run build` first. Prints a table and writes build/bench-functions.json.

const functions = 100
const rounds = { cold: 3, 'nothing changed': 7, 'one changed': 7 } as const

/** One situation, in milliseconds: the medians, and how many times faster ours is, round by round. */
export interface FunctionsRow {
  readonly deploy: string
  readonly rounds: number
  readonly 'ours ms': number
  readonly 'netlify-cli ms': number
  readonly 'times faster': number
  readonly 'least faster': number
  readonly 'most faster': number
  readonly 'uploads, ours': number
  readonly 'uploads, netlify-cli': number
  /** What the project asks of itself; undefined: nothing. */
  readonly target: number | undefined
}

/** What one of the two did in one round. */
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
  // Neither of the two is to be slowed down by Netlify's limits.
  const simulator = await NetlifySimulator.start({ callsAMinute: 1_000_000 })
  const fleet = await TestFleet.create({
    'manifests/site.yaml': manifest,
    'package.json': '{"private":true}',
  })
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
    }
    rows.push(await measure({ simulator, fleet }, { deploy: 'cold', prepare: cold }))
    const nothing = () => Promise.resolve()
    rows.push(
      await measure({ simulator, fleet }, { deploy: 'nothing changed', prepare: nothing, target: 20 }),
    )
    const change = (round: number) =>
      write(fleet, `netlify/functions/${nameOf(50)}.mjs`, sourceOf(`round ${round}`))
    rows.push(await measure({ simulator, fleet }, { deploy: 'one changed', prepare: change, target: 5 }))
    return rows
  } finally {
    await simulator.close()
    await fleet.destroy()
  }
}

interface Stage {
  readonly simulator: NetlifySimulator
  readonly fleet: TestFleet
}

async function measure(
  stage: Stage,
  situation: {
    readonly deploy: keyof typeof rounds
    readonly prepare: (round: number) => Promise<void>
    readonly target?: number
  },
): Promise<FunctionsRow> {
  const { deploy, prepare, target } = situation
  const taken: { readonly ours: Taken; readonly theirs: Taken }[] = []
  for (let round = 0; round < rounds[deploy]; round += 1) {
    await prepare(round)
    stage.simulator.age(60_000)
    // In turns, so that whatever else the machine does hits both.
    const isOursFirst = round % 2 === 0
    const first = isOursFirst ? await ours(stage) : await theirs(stage)
    const second = isOursFirst ? await theirs(stage) : await ours(stage)
    taken.push(isOursFirst ? { ours: first, theirs: second } : { ours: second, theirs: first })
  }
  const ratios = taken.map((one) => one.theirs.ms / one.ours.ms)
  const last = taken.at(-1)
  return {
    deploy,
    rounds: taken.length,
    'ours ms': Math.round(median(taken.map((one) => one.ours.ms))),
    'netlify-cli ms': Math.round(median(taken.map((one) => one.theirs.ms))),
    'times faster': tenths(median(ratios)),
    'least faster': tenths(Math.min(...ratios)),
    'most faster': tenths(Math.max(...ratios)),
    'uploads, ours': last?.ours.uploads ?? 0,
    'uploads, netlify-cli': last?.theirs.uploads ?? 0,
    target,
  }
}

async function ours({ simulator, fleet }: Stage): Promise<Taken> {
  return timed(simulator, async () => {
    const env = { NETLIFY_API_URL: simulator.url, NETLIFY_AUTH_TOKEN: 'test-token' }
    const { status, out, err } = await fleet.reconcile([], { env, limit: 300_000 })
    if (status !== 0) throw new Error(`Our deploy failed: ${out}\n${err}`)
  })
}

async function theirs({ simulator, fleet }: Stage): Promise<Taken> {
  return timed(simulator, async () => {
    await deployWithCli(fleet.folder, { site: 'theirs', apiUrl: simulator.url })
  })
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

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}

if (import.meta.main) {
  const rows = await run()
  const file = join(import.meta.dirname, '../build/bench-functions.json')
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify({ functions, rows }, undefined, 2)}\n`)
  if (process.argv.includes('--json')) console.log(JSON.stringify({ functions, rows }))
  else console.table(rows)
}
