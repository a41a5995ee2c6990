import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { atMost, type Bench, ratioOf, spreadOf } from '../lib/figure.ts'
import { inTurn } from '../lib/in-turn.ts'

const run = promisify(execFile)

/** What one plan took, in a process of its own that did nothing before. */
interface Planned {
  readonly ms: number
  /** The most that the process had in memory, in megabytes. */
  readonly memory: number
}

/** Bundled as the program is: what Node.js needs to read TypeScript is not what a plan needs. */
async function bundle(): Promise<string> {
  const outfile = join(import.meta.dirname, '../../build/bench-plan-fleet.mjs')
  const entry = join(import.meta.dirname, '../children/plan-fleet.ts')
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
  })
  return outfile
}

export const planSize: Bench = {
  name: 'plan-size',
  title:
    'a plan of 10,000 resources with nothing to do, in memory and of a modelled domain, beside one of 1,000',
  async run() {
    const child = await bundle()
    const planned: Planned[] = []
    const plan = async (resources: number) => {
      const { stdout } = await run(process.execPath, [child, String(resources)])
      const one = JSON.parse(stdout) as Planned
      if (resources === 10_000) planned.push(one)
      return one.ms
    }
    try {
      const taken = await inTurn({ rounds: 7, players: { many: () => plan(10_000), few: () => plan(1_000) } })
      const memory = planned.slice(1).map((one) => one.memory)
      return [
        { what: 'plan of 10,000', unit: 'ms', spread: spreadOf(taken.many), target: atMost(250) },
        { what: 'plan of 1,000', unit: 'ms', spread: spreadOf(taken.few) },
        { what: '10,000 / 1,000', unit: 'x', spread: ratioOf(taken.many, taken.few), target: atMost(11) },
        { what: 'most memory with 10,000', unit: 'MB', spread: spreadOf(memory), target: atMost(200) },
      ]
    } finally {
      await rm(child, { force: true })
    }
  },
}
