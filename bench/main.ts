import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { benches } from './benches.ts'
import { type Figure, isMet } from './lib/figure.ts'
import { thisMachine } from './lib/machine.ts'
import { PeerMissing } from './lib/peer-missing.ts'
import { machineLine, tableOf } from './lib/table.ts'

// `npm run bench [-- --only NAME,NAME] [--json FILE]`: measures us beside what people use today, prints a table for each
// bench as soon as it is done, and keeps all of it as JSON. A target that is missed is said, and is no failure; exit 1 is
// for a bench that could not be run. `npm run bench:install` once before it.

// It costs every start of an older Node 50 ms, and would be a present to whoever starts fewer.
delete process.env.NODE_EXTRA_CA_CERTS

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string', default: 'build/bench.json' } },
})
const names = values.only?.split(',') ?? benches.map(({ name }) => name)
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name))
if (unknown.length > 0) {
  const known = benches.map(({ name }) => name).join(', ')
  process.stderr.write(`Expected --only to name some of ${known}; got ${unknown.join(', ')}\n`)
  process.exit(1)
}

const machine = thisMachine()
process.stdout.write(`${machineLine(machine)}\n`)
const results: { name: string; title: string; figures?: readonly Figure[]; failure?: string }[] = []
for (const { name, title, run } of benches.filter((bench) => names.includes(bench.name))) {
  try {
    const figures = await run()
    results.push({ name, title, figures })
    process.stdout.write(`${tableOf(`${name}: ${title}`, figures)}\n`)
  } catch (error) {
    results.push({ name, title, failure: String(error) })
    process.exitCode = 1
    const why = error instanceof PeerMissing ? error.message : error instanceof Error ? error.stack : error
    process.stdout.write(`${name}: could not be measured\n${why}\n\n`)
  }
}
const targets = results.flatMap(({ figures }) => figures ?? []).flatMap((figure) => isMet(figure) ?? [])
process.stdout.write(`${targets.filter(Boolean).length} of ${targets.length} targets met\n`)
const file = resolve(values.json)
await mkdir(dirname(file), { recursive: true })
await writeFile(file, `${JSON.stringify({ machine, results }, undefined, 2)}\n`)
