import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestFleet } from '../support/fleet.ts'
import { processManifest } from '../support/manifest.ts'

const root = join(import.meta.dirname, '../..')
const recorder = pathToFileURL(join(root, 'test/support/module-recorder.mjs')).href
const modules: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(join(root, 'build/modules.json'), 'utf8'),
)

/** Of Node's own modules those that take a millisecond or more to load. */
const costly = [
  'child_process',
  'crypto',
  'dns',
  'http',
  'http2',
  'https',
  'inspector',
  'net',
  'sqlite',
  'tls',
  'zlib',
]

let fleet: TestFleet
beforeAll(async () => {
  fleet = await TestFleet.create({
    'services/app.mjs': '',
    'manifests/app.yaml': processManifest('app', 'script: ../services/app.mjs'),
  })
})
afterAll(() => fleet.destroy())

interface Loaded {
  /** Files of the program that were read. */
  readonly files: number
  /** Those of them that the build made no code of. */
  readonly compiled: readonly string[]
  /** What was read as one piece, as often as it was. */
  readonly read: readonly string[]
  /** Modules that they hold. */
  readonly modules: readonly string[]
  /** Packages of others, and folders of ours. */
  readonly parts: ReadonlySet<string>
  /** Costly modules of Node's own. */
  readonly builtin: readonly string[]
}

async function loadedBy(args: readonly string[]): Promise<Loaded> {
  const child = spawn(process.execPath, ['--import', recorder, join(root, 'dist/reconcile.mjs'), ...args], {
    cwd: fleet.folder,
    env: fleet.env,
    // A file, because a pipe would load what speaks to pipes.
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const [, , , pipe] = child.stdio
  if (!pipe || !('readable' in pipe)) throw new Error('Expected a pipe')
  const { files, compiled, read, builtin } = JSON.parse(await text(pipe)) as Record<string, string[]>
  if (!files || !compiled || !read || !builtin)
    throw new Error('Expected the recorder to tell what was loaded')
  const own = files.filter((url) => url.includes('/dist/')).map((url) => basename(url))
  const held = own.flatMap((file) => modules[file] ?? []).filter((path) => !/^(?:group|builtin):/.test(path))
  return {
    files: own.length,
    compiled: compiled.map((path) => basename(path)),
    read: read.map((path) => basename(path)),
    modules: held,
    parts: new Set(held.map(partOf)),
    builtin: costly.filter((name) => builtin.includes(`NativeModule ${name}`)),
  }
}

/** The package that a module is of, or the folder of ours that it lies in. */
function partOf(path: string): string {
  const [, inner] = path.split('node_modules/')
  if (inner) return inner.split('/', inner.startsWith('@') ? 2 : 1).join('/')
  return path
    .split('/')
    .slice(0, path.startsWith('src/reconcilers/') || path.startsWith('src/clients/') ? 3 : 2)
    .join('/')
}

const verbs: readonly (readonly string[])[] = [
  ['--version'],
  ['check'],
  ['explain', 'Process'],
  ['status'],
  ['--dry-run'],
]

test('what each verb loads is what it needs', async () => {
  const pages: string[] = []
  for (const args of verbs) {
    const { parts, builtin } = await loadedBy(args)
    const packages = [...parts].filter((part) => !/^(?:src|build)/.test(part)).sort()
    const folders = [...parts].filter((part) => part.startsWith('src/')).sort()
    pages.push(
      `reconcile ${args.join(' ')}`,
      `  packages  ${packages.join(' ')}`,
      `  of ours   ${folders.join(' ')}`,
      `  of Node   ${builtin.join(' ')}`.trimEnd(),
      '',
    )
  }
  await expect(pages.join('\n')).toMatchFileSnapshot('goldens/modules.txt')
})

test('a check loads no client of a vendor, no state, no bundler, no parser of all of YAML, and calls nobody', async () => {
  const { files, modules: held, parts, builtin } = await loadedBy(['check'])
  for (const part of ['yaml', 'pino', 'src/clients/github', 'src/clients/netlify', 'src/clients/bundler'])
    expect(parts).not.toContain(part)
  expect([...parts].filter((part) => /^(?:pm2|@octokit|@netlify|netlify)/.test(part))).toEqual([])
  expect(held.filter((path) => /sqlite|pm2\/(?:open|bus|connection)/.test(path))).toEqual([])
  expect(builtin).toEqual([])
  expect(files).toBeLessThan(20)
})

test('a start compiles nothing, because the build kept what V8 made of every file', async () => {
  for (const args of [...verbs, ['check', '--strict'], ['report'], ['doctor']]) {
    const { files, compiled } = await loadedBy(args)
    expect(files).toBeGreaterThan(4)
    expect(compiled, args.join(' ')).toEqual([])
  }
})

test('a start reads each file of the program, and what V8 made of it, once', async () => {
  const { read } = await loadedBy(['--dry-run'])
  const own = read.filter((name) => /\.cjs(?:\.code)?$/.test(name))
  expect(own).toContain('pack.cjs.code')
  expect(own).toEqual([...new Set(own)])
  // Each is half a millisecond, however small it is.
  expect(own.length).toBeLessThan(16)
})

test('a dry run of processes loads no client of GitHub or Netlify, and makes no HTTP call', async () => {
  const { parts, builtin } = await loadedBy(['--dry-run'])
  expect([...parts].filter((part) => /octokit|netlify|clients.github/.test(part))).toEqual([])
  expect(builtin).not.toContain('http')
})
