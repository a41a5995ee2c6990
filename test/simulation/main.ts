import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runCampaign } from './campaign.ts'
import { type Run, simulate } from './simulation.ts'
import { addTallies, emptyTally, type ModeChoice, modesOf, type Tally, tallyOf } from './tally.ts'

const usage = `npm run simulate -- [--seeds N] [--seed FIRST] [--mode alternate|safety|liveness|both] [--workers N]
                     [--keep-going] [--trace] [--quiet]

Runs N seeds of the simulation (default 1), from FIRST (default 1) on: odd ones in safety mode, even ones in liveness
mode, or as --mode says. One seed in one mode is the same run each time and on every machine. A violation ends it, and
prints how to replay it and the end of its trace; with --keep-going all seeds are run, and the violations listed. --trace prints all of it, and runs in this thread alone.
`

const choices: readonly ModeChoice[] = ['alternate', 'safety', 'liveness', 'both']
/** Milliseconds between two lines of progress. */
const progressEvery = 5_000

interface Options {
  readonly seeds: number
  readonly first: number
  readonly modes: ModeChoice
  readonly workers: number
  readonly keepsGoing: boolean
  readonly isTraced: boolean
  readonly isQuiet: boolean
}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      mode: { type: 'string', default: 'alternate' },
      workers: { type: 'string', default: String(availableParallelism()) },
      'keep-going': { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
    },
  })
  const modes = choices.find((choice) => choice === values.mode)
  if (!modes) throw new TypeError(`Expected --mode to be one of ${choices.join(', ')}, got ${values.mode}`)
  return {
    seeds: countOf('--seeds', values.seeds),
    first: countOf('--seed', values.seed),
    modes,
    workers: countOf('--workers', values.workers),
    keepsGoing: values['keep-going'],
    isTraced: values.trace,
    isQuiet: values.quiet,
  }
}

function countOf(name: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new TypeError(`Expected ${name} to be a whole number from 1 on, got ${text}`)
  return count
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function name({ seed, mode, violation }: Run): void {
  if (!violation) return
  const at = Math.round(violation.at)
  say(`Violation of ${violation.rule} in seed ${seed} (${mode}) at ${at} ms: ${violation.message}`)
}

function report(run: Run, isTraced: boolean): void {
  const { seed, mode, violation, trace, traceHash } = run
  name(run)
  if (violation) say(`Replay: npm run simulate -- --seed ${seed} --mode ${mode} --trace`)
  if (violation || isTraced) for (const line of trace.slice(isTraced ? 0 : -60)) say(`  ${line}`)
  say(`seed ${seed} ${mode}: trace ${traceHash}`)
}

const figure = (count: number): string => count.toLocaleString('en')
const total = (sums: ReadonlyMap<string, number>): number =>
  [...sums.values()].reduce((sum, one) => sum + one, 0)

function printSums(title: string, sums: ReadonlyMap<string, number>): void {
  say(title)
  for (const [key, count] of [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    say(`  ${key.padEnd(32)} ${figure(count).padStart(14)}`)
  }
}

function summaryOf(tally: Tally, took: number): string {
  const rate = (tally.runs / Math.max(0.001, took / 1000)).toFixed(1)
  const counts = [
    `${figure(tally.runs)} runs`,
    `${rate} a second`,
    `${figure(total(tally.injected))} faults injected`,
    `${figure(total(tally.checked))} checks of ${tally.checked.size} rules`,
    `${figure(tally.effects)} effects`,
  ]
  return counts.join(', ')
}

/** In this thread, each run reported. */
async function runTraced({ first, seeds, modes, keepsGoing }: Options): Promise<Tally> {
  let tally = emptyTally
  for (let seed = first; seed < first + seeds; seed += 1) {
    if (tally.broken.length > 0 && !keepsGoing) break
    for (const mode of modesOf(seed, modes)) {
      const run = await simulate(seed, mode)
      report(run, true)
      tally = addTallies(tally, tallyOf(run))
    }
  }
  return tally
}

async function runAll(options: Options): Promise<Tally> {
  const began = performance.now()
  let said = began
  const tally = await runCampaign({
    ...options,
    onProgress(sum) {
      const now = performance.now()
      if (options.isQuiet || now - said < progressEvery) return
      said = now
      say(`${Math.floor((100 * sum.runs) / runsOf(options))} %: ${summaryOf(sum, now - began)}`)
    },
  })
  if (options.keepsGoing) for (const { seed, mode } of tally.broken) name(await simulate(seed, mode))
  const [worst] = tally.broken
  if (worst) report(await simulate(worst.seed, worst.mode), false)
  return tally
}

function runsOf({ seeds, modes }: Options): number {
  return seeds * modesOf(1, modes).length
}

function optionsOrUsage(args: readonly string[]): Options | undefined {
  try {
    return parseOptions(args)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    process.stderr.write(`${error.message}\n\n${usage}`)
    return undefined
  }
}

async function main(options: Options): Promise<number> {
  const began = performance.now()
  const tally = options.isTraced ? await runTraced(options) : await runAll(options)
  const hasFailed = tally.broken.length > 0
  if (options.isQuiet) return hasFailed ? 1 : 0
  printSums('Faults injected', tally.injected)
  printSums('Rules checked', tally.checked)
  say(
    `${summaryOf(tally, performance.now() - began)}, ${tally.overlaps} overlaps, ${tally.broken.length} violations`,
  )
  return hasFailed ? 1 : 0
}

// Whoever reads only the beginning (head) has seen what he wanted.
process.stdout.on('error', () => process.exit(1))
if (process.argv.includes('--help')) process.stdout.write(usage)
else {
  const options = optionsOrUsage(process.argv.slice(2))
  process.exitCode = options ? await main(options) : 1
}
