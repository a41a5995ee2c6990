import { mkdir } from 'node:fs/promises'
import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import type { Imported } from '../../../src/core/import.ts'
import { importNpm } from '../../../src/reconcilers/script-set/import/npm.ts'
import { PackageFolder } from './package-folder.ts'

let folder: PackageFolder | undefined
afterEach(async () => {
  await folder?.remove()
  folder = undefined
})

const workflow = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    defaults: { run: { working-directory: web } }
    steps:
      - run: npm ci
      - run: |
          npm run lint -- --fix && npx cross-env CI=1 npm run coverage
      - run: npm run elsewhere
        working-directory: api
`
const process = `apiVersion: reconcile.dev/v1
kind: Process
metadata: { name: web }
spec: { script: npm, args: [run, serve], cwd: ../web }
`

function importFrom(site: PackageFolder, ...inputs: readonly string[]): Promise<Imported> {
  return importNpm({
    inputs: inputs.map((input) => site.path(input)),
    cwd: site.folder,
    env: { PATH: '/nowhere' },
    clock: systemClock,
    allowedHosts: [],
    mayEvaluate: false,
    signal: AbortSignal.timeout(20_000),
  })
}

async function open(scripts: Readonly<Record<string, string>>): Promise<PackageFolder> {
  folder = await PackageFolder.make('{}')
  await mkdir(folder.path('.git'))
  await folder.write('.github/workflows/ci.yml', workflow)
  await folder.write('manifests/web.yaml', process)
  await folder.write('web/package.json', JSON.stringify({ name: '@acme/Web.Site', scripts }, null, 2))
  return folder
}

const sound = {
  echo: 'echo',
  build: 'echo b',
  lint: 'echo l',
  coverage: 'echo c',
  serve: 'echo s',
  elsewhere: 'echo e',
}

it('requires what is usual, and what workflows and processes run in that folder', async () => {
  const imported = await importFrom(await open(sound), 'web/package.json')
  expect(imported.resources).toMatchObject([
    {
      id: 'ScriptSet/acme-web.site',
      manifest: {
        kind: 'ScriptSet',
        spec: { required: ['build', 'lint', 'coverage', 'serve'], resolve: 'all' },
      },
    },
  ])
  expect(imported.errors).toEqual([])
})

it('tells findings with their line and who runs the script, and asks only of what is required where others fail', async () => {
  const site = await open({ ...sound, lint: 'eslint .', old: './gone.sh', build: 'false || true' })
  const { resources, warnings } = await importFrom(site, 'web/package.json')
  expect(resources[0]?.manifest).toMatchObject({ spec: { resolve: 'required' } })
  expect(warnings.map(({ line, code, message }) => [line, code, message])).toEqual([
    [5, 'import-npm-doubtful', 'build: `false` cannot fail: `|| true` hides its exit code'],
    [
      6,
      'import-npm-unresolved',
      'lint: eslint is neither a program of a dependency nor on PATH, which lowers health, run by ci.yml',
    ],
    [10, 'import-npm-unresolved', 'old: the file gone.sh does not exist'],
  ])
})

it('takes names that say so for ways out', async () => {
  const site = await open({
    build: 'echo',
    'build:backup': 'echo b',
    'build:safe': 'echo s',
    'gone:safe': 'echo g',
  })
  const { resources } = await importFrom(site, 'web')
  expect(resources[0]?.manifest).toMatchObject({
    spec: { fallbacks: { build: ['build:backup', 'build:safe'] } },
  })
})

it('says what could not be read, and imports the rest; of two of one name the first', async () => {
  const site = await open(sound)
  await site.write('copy/package.json', '{ "name": "@acme/web.site" }')
  await site.write('bad/package.json', '{ nope')
  const imported = await importFrom(site, 'web', 'copy', 'bad', 'gone')
  expect(imported.resources).toHaveLength(1)
  expect(imported.conflicts).toMatchObject([{ name: 'ScriptSet/acme-web.site', differs: ['package'] }])
  expect(imported.errors.map(({ code, message }) => [code, message.replace(site.folder, '')])).toEqual([
    ['import-npm-unreadable', expect.stringContaining('/bad/package.json: it is not valid JSON')],
    ['import-npm-unreadable', 'Cannot import the scripts of /gone/package.json: it does not exist'],
  ])
})
