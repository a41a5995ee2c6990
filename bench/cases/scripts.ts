import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parsePackage } from '../../src/reconcilers/script-set/package-json/package-file.ts'
import { type Disk, machineDisk } from '../../src/reconcilers/script-set/resolve/disk.ts'
import { FileFacts } from '../../src/reconcilers/script-set/resolve/file-facts.ts'
import { resolvePackage } from '../../src/reconcilers/script-set/resolve/resolve-package.ts'
import { type Bench, ratioOf, spreadOf } from '../lib/figure.ts'
import { inTurn, timed } from '../lib/in-turn.ts'

const count = 2_000

/** What one reading asked of the file system. */
interface Asked {
  readonly ms: number
  readonly found: number
  readonly paths: number
  readonly most: number
  readonly started: number
}

export const scripts: Bench = {
  name: 'scripts',
  title: `resolving a package.json of ${count} scripts, beside npm run, which lists them and looks at none`,
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'bench-scripts-'))
    try {
      await mkdir(join(folder, 'scripts'))
      for (let index = 0; index < count / 4; index += 1)
        await writeFile(join(folder, `scripts/part-${index}.js`), '')
      const scripts = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`script:${index}`, line(index)]),
      )
      await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'bench', scripts }, null, 2))
      const asked: Asked[] = []
      const taken = await inTurn({
        rounds: 7,
        players: {
          resolve: async () => {
            const one = await resolveOnce(folder)
            asked.push(one)
            return one.ms
          },
          npm: () => timed(() => promisify(execFile)('npm', ['run'], { cwd: folder, maxBuffer: 2 ** 26 })),
        },
      })
      return [
        { what: `resolve ${count} scripts`, unit: 'ms', spread: spreadOf(taken.resolve) },
        { what: 'npm run', unit: 'ms', spread: spreadOf(taken.npm) },
        { what: 'resolve / npm run', unit: 'x', spread: ratioOf(taken.resolve, taken.npm) },
        { what: 'findings', unit: 'times', spread: spreadOf(asked.map(({ found }) => found)) },
        {
          what: 'paths that are looked at',
          unit: 'times',
          spread: spreadOf(asked.map(({ paths }) => paths)),
        },
        {
          what: 'readings of the path read most',
          unit: 'times',
          spread: spreadOf(asked.map(({ most }) => most)),
        },
        { what: 'processes started', unit: 'times', spread: spreadOf(asked.map(({ started }) => started)) },
      ]
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
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

async function resolveOnce(folder: string): Promise<Asked> {
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
      ms: performance.now() - from,
      found: findings.length,
      paths: asked.size,
      most: Math.max(...asked.values()),
      started,
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
