import { execFile } from 'node:child_process'
import { cp, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { makeFolder, put } from './support.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(cwd: string, ...args: readonly string[]): Promise<Ended> {
  return promisify(execFile)(process.execPath, args, { cwd }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
  )
}

/** A copy of the project that may be changed: schemas, scripts, and a program of one line. */
async function makeProject(): Promise<string> {
  const folder = await makeFolder({
    'src/cli/main.ts':
      "import('./lazy.ts').then(({ answer }) => process.stdout.write([answer, process.argv[2]].join(' ')))\n",
    'src/cli/lazy.ts': "import { parse } from 'yaml'\nexport const answer: number = parse('a: 42').a\n",
    'src/reconcilers/process/index.ts': 'export const reconciler = {}\n',
  })
  const parts = ['src/clients/host/cache-folder.ts', 'src/cli/own-words-text.ts']
  for (const name of ['schemas', 'scripts', 'package.json', ...parts]) {
    await cp(join(root, name), join(folder, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

test('the committed files are current', async () => {
  expect(await run(root, 'scripts/generate.mjs', '--check')).toMatchObject({ code: 0, stderr: '' })
})

test('--check names what is not current and the command that makes it, and changes nothing', async () => {
  const folder = await makeProject()
  await run(folder, 'scripts/generate.mjs')
  expect((await run(folder, 'scripts/generate.mjs', '--check')).code).toBe(0)
  const path = join(folder, 'src/manifests/fleet-spec.generated.ts')
  await writeFile(path, 'old')
  const checked = await run(folder, 'scripts/generate.mjs', '--check')
  expect(checked.code).toBe(1)
  expect(checked.stderr).toContain(
    'src/manifests/fleet-spec.generated.ts is not current: run `npm run generate`',
  )
  expect(await readFile(path, 'utf8')).toBe('old')
})

test('a new domain is one folder and one schema', async () => {
  const folder = await makeProject()
  const schema = (await readFile(join(root, 'schemas/fleet.schema.json'), 'utf8'))
    .replaceAll('fleet.schema.json', 'cron-job.schema.json')
    .replaceAll('"Fleet"', '"CronJob"')
  await put(join(folder, 'src/reconcilers/cron-job/index.ts'), 'export const reconciler = {}\n')
  const without = await run(folder, 'scripts/generate.mjs')
  expect(without).toMatchObject({ code: 1 })
  expect(without.stderr).toContain('src/reconcilers/cron-job has no schemas/cron-job.schema.json')
  await put(join(folder, 'schemas/cron-job.schema.json'), schema)
  expect((await run(folder, 'scripts/generate.mjs')).code).toBe(0)
  expect(await readFile(join(folder, 'src/cli/domains.generated.ts'), 'utf8')).toContain(
    "CronJob: () => import('../reconcilers/cron-job/index.ts').then((m) => m.reconciler)",
  )
  expect(await readFile(join(folder, 'src/reconcilers/cron-job/spec.generated.ts'), 'utf8')).toContain(
    'export interface CronJobSpec',
  )
})

test('a schema that is wrong is named in one line', async () => {
  const folder = await makeProject()
  await put(join(folder, 'schemas/process.schema.json'), '{')
  const result = await run(folder, 'scripts/generate.mjs')
  expect(result.code).toBe(1)
  expect(result.stderr).toMatch(/^generate: schemas\/process\.schema\.json is not JSON.*\n$/)
})

test('the built program runs, loads lazily, and says what Node it needs', async () => {
  const folder = await makeProject()
  expect(await run(folder, 'scripts/build.mjs')).toMatchObject({ code: 0 })
  const program = join(folder, 'dist/reconcile.mjs')
  expect((await stat(program)).mode & 0o111).toBe(0o111)
  expect(await run(folder, program, 'apples')).toEqual({ code: 0, stdout: '42 apples', stderr: '' })
  const old = 'data:text/javascript,Object.defineProperty(process,"version",{value:"v20.20.2"})'
  expect(await run(folder, '--import', old, program)).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'reconcile needs Node.js 24 or later; this is v20.20.2. In a checkout use `npx reconcile`, which brings its own.\n',
  })
  const before = (await stat(join(folder, 'dist/main.cjs'))).mtimeMs
  await put(join(folder, 'dist/chunk-old.cjs'), '')
  await run(folder, 'scripts/build.mjs')
  expect((await stat(join(folder, 'dist/main.cjs'))).mtimeMs).toBe(before)
  await expect(stat(join(folder, 'dist/chunk-old.cjs'))).rejects.toThrow('ENOENT')
})
