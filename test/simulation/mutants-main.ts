import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Mutant, mutants } from './mutants.ts'

/**
 * `npm run simulate:mutants [-- --only TEXT|TEXT] [--seeds N] [--workers N]`: makes each mutant in a copy of the source in a
 * temporary folder, and simulates there until a rule is broken.
 */
const root = join(import.meta.dirname, '../..')
const copied = ['src', 'test/simulation', 'test/support'] as const

/** What the source itself must pass before a mutant of it is tried: else nothing would be said of any. */
const soundSeeds = 3

/** One that hangs is ended after this time, and not caught; the busiest machine makes its seeds in it. */
const longest = 1_800_000

interface Verdict {
  readonly mutant: Mutant
  readonly isCaught: boolean
  /** The rule and the seed that caught it, or what was seen instead. */
  readonly how: string
}

/** A copy of the source and its simulation, for one mutant at a time. Throws where it cannot be simulated in as it is. */
async function makeCopy(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'mutants-'))
  for (const folder of copied) await cp(join(root, folder), join(copy, folder), { recursive: true })
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  await writeFile(join(copy, 'package.json'), '{"type":"module"}')
  const { output, code } = await simulateIn(copy, soundSeeds)
  if (code !== 0) throw new Error(`Could not simulate in the unchanged copy ${copy}:\n${output}`)
  return copy
}

/** The changed text of every file of a mutant. Throws where a place is not found exactly once. */
async function changedTexts(mutant: Mutant): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>()
  for (const { file, find, replace } of mutant.patches) {
    const text = texts.get(file) ?? (await readFile(join(root, file), 'utf8'))
    const count = text.split(find).length - 1
    if (count !== 1) {
      throw new Error(`Expected the place of "${mutant.name}" once in ${file}, found it ${count} times`)
    }
    texts.set(file, text.split(find).join(replace))
  }
  return texts
}

async function tryMutant(copy: string, mutant: Mutant, seeds: number): Promise<Verdict> {
  const texts = await changedTexts(mutant)
  for (const [file, text] of texts) await writeFile(join(copy, file), text)
  try {
    const { output } = await simulateIn(copy, seeds)
    const caught = /Violation of (\S+) in seed (\d+) \((\w+)\)/.exec(output)
    const how = caught ? `${caught[1]}, seed ${caught[2]} ${caught[3]}` : lastLine(output)
    return { mutant, isCaught: caught !== null, how }
  } finally {
    for (const file of texts.keys()) await cp(join(root, file), join(copy, file))
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) || `no rule was broken`
}

interface Simulated {
  readonly output: string
  /** Null: a signal ended it. */
  readonly code: number | null
}

function simulateIn(copy: string, seeds: number): Promise<Simulated> {
  const args = ['test/simulation/main.ts', '--quiet', '--workers', '1', '--seeds', String(seeds)]
  const child = spawn(process.execPath, args, {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longest,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ output, code }))
  })
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Works through the list with as many copies as there are cores. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      seeds: { type: 'string', default: '20000' },
      workers: { type: 'string', default: String(availableParallelism()) },
    },
  })
  const seeds = Number(values.seeds)
  const only = values.only.split('|')
  const chosen = mutants.filter(({ name }) => only.some((part) => name.includes(part)))
  // Said before anything is run: a list that does not fit the source proves nothing.
  for (const mutant of chosen) await changedTexts(mutant)
  const waiting = [...chosen]
  const verdicts: Verdict[] = []
  const work = async (): Promise<void> => {
    const copy = await makeCopy()
    try {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        const verdict = await tryMutant(copy, mutant, seeds)
        verdicts.push(verdict)
        say(`${verdict.isCaught ? 'caught  ' : 'SURVIVED'}  ${mutant.name.padEnd(70)}  ${verdict.how}`)
      }
    } finally {
      await rm(copy, { recursive: true, force: true })
    }
  }
  await Promise.all(Array.from({ length: Math.min(Number(values.workers), chosen.length) }, work))
  const caught = verdicts.filter(({ isCaught }) => isCaught).length
  const pairs = chosen.filter(({ patches }) => patches.length > 1).length
  say(
    `${caught} of ${chosen.length} mutants caught (${pairs} of them in two places at once), within ${seeds} seeds each`,
  )
  return chosen.length > 0 && caught === chosen.length ? 0 : 1
}

process.exitCode = await main()
