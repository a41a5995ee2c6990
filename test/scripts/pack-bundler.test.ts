import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
// @ts-expect-error: the build is plain JavaScript.
import { packBundler } from '../../scripts/pack-bundler.mjs'
import type { Bundle, BundleFailure, BundleJob } from '../../src/clients/bundler/bundle.ts'
import { listDirectory } from '../../src/reconcilers/function-set/directory.ts'
import { readNetlifyToml } from '../../src/reconcilers/function-set/netlify-toml.ts'
import { functionsOfEveryKind, projectOfEveryKind } from '../support/netlify-project.ts'

const root = join(import.meta.dirname, '../..')
const child = 'src/clients/bundler/child.ts'

let folder: string
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'r-pack-')))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

/** What a bundler answers to all functions of the project, by name. */
async function bundleBy(program: string): Promise<ReadonlyMap<string, Bundle | BundleFailure>> {
  const zips = join(folder, `zips-${basename(program)}`)
  await mkdir(zips)
  const { functions } = await listDirectory(join(folder, 'netlify/functions'), {
    include: undefined,
    exclude: undefined,
  })
  const { config = {} } = (await readNetlifyToml(folder)) ?? {}
  const job: BundleJob = { root: folder, folder: zips, functions, config }
  const started = spawn(process.execPath, [program], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder },
  })
  started.stdin.end(JSON.stringify(job))
  const [out, err] = await Promise.all([text(started.stdout), text(started.stderr), once(started, 'close')])
  expect(started.exitCode, err).toBe(0)
  const answers = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Bundle | BundleFailure)
  return new Map(answers.sort((a, b) => (a.name < b.name ? -1 : 1)).map((answer) => [answer.name, answer]))
}

test('packed into one file it makes the same of every kind of function, to the byte', async () => {
  await write(projectOfEveryKind)
  await write({
    // Names what Netlify shall tell it of, and what cannot be bundled.
    'netlify/functions/told.mjs': 'export default { deploySucceeded() {}, fetch() {} }\n',
    'netlify/functions/broken.mts': 'export default async () => {\n  const = 1\n}\n',
    'netlify/functions/lost.mjs': "import './nowhere.mjs'\nexport default async () => {}\n",
  })
  const packed = await bundleBy(join(root, 'dist/bundle-functions.cjs'))
  expect([...packed.keys()]).toEqual(expect.arrayContaining([...functionsOfEveryKind]))
  expect(packed.size).toBe(functionsOfEveryKind.length + 3)
  expect(packed).toEqual(await bundleBy(join(root, child)))
})

test('where it cannot be packed it is loaded as it is installed', async () => {
  await write({ 'netlify/functions/hello.mjs': 'export default async () => {}\n' })
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const refuse = {
    name: 'refuse',
    setup: ({ onLoad }: { onLoad: (of: object, load: () => object) => void }) =>
      onLoad({ filter: /zip-it-and-ship-it\/dist\/main\.js$/ }, () => ({
        errors: [{ text: 'as a test has it' }],
      })),
  }
  const outdir = join(folder, 'dist')
  const { outputFiles } = await packBundler(join(root, child), {
    outdir,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    logLevel: 'silent',
    plugins: [refuse],
  })
  expect(said.mock.calls).toEqual([[expect.stringMatching(/could not be packed.*as a test has it/s)]])
  said.mockRestore()
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await mkdir(outdir)
  const plain = join(outdir, 'bundler.cjs')
  await writeFile(plain, outputFiles[0].text)
  expect(outputFiles[0].text.length).toBeLessThan(20_000)
  const packed = await bundleBy(join(root, 'dist/bundle-functions.cjs'))
  expect([...packed.keys()]).toEqual(['hello'])
  expect(await bundleBy(plain)).toEqual(packed)
})
