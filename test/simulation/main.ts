import { type Mode, type Run, simulate } from './simulation.ts'

/** `npm run simulate -- --seeds N [--seed S] [--mode safety|liveness] [--trace] [--quiet]` */
interface Options {
  readonly seeds: number
  readonly first: number
  readonly modes: readonly Mode[]
  readonly isTraced: boolean
  readonly isQuiet: boolean
}

function parseOptions(args: readonly string[]): Options {
  const argumentOf = (name: string): string | undefined => {
    const index = args.indexOf(name)
    return index < 0 ? undefined : args[index + 1]
  }
  const seed = argumentOf('--seed')
  const mode = argumentOf('--mode')
  if (mode !== undefined && mode !== 'safety' && mode !== 'liveness') {
    throw new TypeError(`Expected --mode to be safety or liveness, got ${mode}`)
  }
  const seeds = Number(argumentOf('--seeds') ?? 1)
  if (!Number.isInteger(seeds) || seeds < 1)
    throw new TypeError(`Expected --seeds to be a count, got ${seeds}`)
  return {
    seeds,
    first: Number(seed ?? 1),
    modes: mode ? [mode] : ['safety', 'liveness'],
    isTraced: args.includes('--trace'),
    isQuiet: args.includes('--quiet'),
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function report(run: Run, isTraced: boolean): void {
  const { seed, mode, violation, trace, traceHash } = run
  if (violation) {
    say(
      `Violation of ${violation.rule} in seed ${seed} (${mode}) at ${Math.round(violation.at)} ms: ${violation.message}`,
    )
    say(`Replay: npm run simulate -- --seed ${seed} --mode ${mode} --trace`)
  }
  if (violation || isTraced) for (const line of trace.slice(isTraced ? 0 : -60)) say(`  ${line}`)
  say(`seed ${seed} ${mode}: trace ${traceHash}`)
}

function addAll<Key>(sums: Map<Key, number>, more: ReadonlyMap<Key, number>): void {
  for (const [key, count] of more) sums.set(key, (sums.get(key) ?? 0) + count)
}

function printSums(title: string, sums: ReadonlyMap<string, number>): void {
  say(title)
  for (const [key, count] of [...sums].sort(([a], [b]) => (a < b ? -1 : 1))) {
    say(`  ${key.padEnd(32)} ${count.toLocaleString('en').padStart(14)}`)
  }
}

async function main(options: Options): Promise<number> {
  const { seeds, first, modes, isTraced, isQuiet } = options
  const injected = new Map<string, number>()
  const checked = new Map<string, number>()
  let runs = 0
  let effects = 0
  let overlaps = 0
  let violations = 0
  const began = performance.now()
  const rate = () => (runs / Math.max(1, performance.now() - began)) * 1000
  for (let seed = first; seed < first + seeds && violations === 0; seed += 1) {
    for (const mode of modes) {
      const run = await simulate(seed, mode)
      runs += 1
      effects += run.effects
      overlaps += run.overlaps
      addAll<string>(injected, run.injected)
      addAll(checked, run.checked)
      if (run.violation) violations += 1
      if (run.violation || isTraced) report(run, isTraced)
    }
    if (!isQuiet && runs % 1000 < modes.length) say(`${runs} runs, ${rate().toFixed(1)} a second`)
  }
  if (isQuiet) return violations === 0 ? 0 : 1
  printSums('Faults injected', injected)
  printSums('Rules checked', checked)
  say(
    `${runs} runs (${modes.join(' and ')}), ${rate().toFixed(1)} a second, ${effects} effects, ${overlaps} overlaps, ${violations} violations`,
  )
  return violations === 0 ? 0 : 1
}

process.exitCode = await main(parseOptions(process.argv.slice(2)))
