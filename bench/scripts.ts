import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parsePackage } from '../src/reconcilers/script-set/package-json/package-file.ts'
import { type Disk, machineDisk } from '../src/reconcilers/script-set/resolve/disk.ts'
import { FileFacts } from '../src/reconcilers/script-set/resolve/file-facts.ts'
import { resolvePackage } from '../src/reconcilers/script-set/resolve/resolve-package.ts'

// Resolves a package.json of 2,000 scripts, and says what it asked of the file system, what it started, and how long it
// took in comparison with `npm run` asked once for the list of the scripts, which looks at none of them. Run by itself it
// prints a table and, with --json, JSON.

const count = 2_000

/** One line of the table. */
interface Row {
  readonly what: string
  readonly ms: number
  readonly found: number | null
  readonly paths?: number
  readonly 'readings a path'?: number
  readonly 'processes started'?: number
}

/** Makes the package in a folder of its own, measures, and removes it. */
export async function run(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-scripts-'))
  try {
    await mkdir(join(folder, 'scripts'))
    for (let index = 0; index < count / 4; index += 1)
      await writeFile(join(folder, `scripts/part-${index}.js`), '')
    const scripts = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`script:${index}`, line(index)]),
    )
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'bench', scripts }, null, 2))
    const rows: Row[] = []
    for (const reading of ['cold', 'warm', 'warm']) rows.push(await resolveOnce(folder, reading))
    const from = performance.now()
    const listed = spawnSync('npm', ['run'], { cwd: folder, encoding: 'utf8' })
    const ms = Math.round(performance.now() - from)
    return [...rows, { what: 'npm run (lists them)', ms, found: listed.status }]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Files, other scripts, programs and habits, one of them broken in each ten. */
function line(index: number): string {
  const lines = [
    `node scripts/part-${index % 500}.js`,
    `npm run script:${(index + 7) % count} && node scripts/part-${index % 250}`,
    `NODE_ENV=test bash -c "node scripts/part-${index % 400}.js || exit 1"`,
    `cd scripts && node part-${index % 300}.js | cat`,
    `run-s "script:${index % 9}*"`,
    `npx cross-env A=${index} node scripts/part-${index % 100}.js`,
    `node scripts/gone-${index}.js || true`,
    'git status; echo done',
    `ts-node scripts/part-${index % 200}.js`,
    `npm run lost-${index}`,
  ]
  return lines[index % lines.length] ?? ''
}

async function resolveOnce(folder: string, what: string): Promise<Row> {
  const asked = new Map<string, number>()
  let started = 0
  const onStart = () => {
    started += 1
  }
  subscribe('child_process', onStart)
  const from = performance.now()
  try {
    const facts = new FileFacts(counting(machineDisk, asked))
    const reading = parsePackage(await facts.read(join(folder, 'package.json')))
    if (reading.type !== 'package') throw new Error('the package.json of the bench cannot be read')
    const searchPath = (process.env.PATH ?? '').split(':')
    const { findings } = await resolvePackage({ folder, file: reading.file, facts, searchPath })
    return {
      what: `resolve ${count} scripts, ${what}`,
      ms: Math.round(performance.now() - from),
      found: findings.length,
      paths: asked.size,
      'readings a path': Math.max(...asked.values()),
      'processes started': started,
    }
  } finally {
    unsubscribe('child_process', onStart)
  }
}

function counting({ look, list, read, follow }: Disk, asked: Map<string, number>): Disk {
  const count = <T>(ask: (path: string) => Promise<T>) => {
    return (path: string): Promise<T> => {
      asked.set(path, (asked.get(path) ?? 0) + 1)
      return ask(path)
    }
  }
  return { look: count(look), list: count(list), read: count(read), follow: count(follow) }
}

if (import.meta.main) {
  const rows = await run()
  if (process.argv.includes('--json')) console.log(JSON.stringify({ scripts: count, rows }))
  else console.table(rows)
}
