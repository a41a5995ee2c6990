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
    manifests: [site.path('manifests')],
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

const callers = {
  '.github/workflows/more.yml': `on: push
jobs:
  all:
    runs-on: ubuntu-latest
    steps:
      - run: npm run by:workspace -w @acme/Web.Site -w api
      - run: pnpm --filter Web.Site... run by:filter
      - run: yarn workspace @acme/Web.Site by:yarn
      - run: bash -c "cd web && npm run by:bash"
      - run: cd web && npx run-s "by:pattern:*"
      - run: npm run by:expression -w \${{ matrix.package }} && npm run -w web by:folder
      - run: npm run unasked
        working-directory: \${{ matrix.package }}
`,
  '.github/actions/deploy/action.yml': `name: deploy
runs:
  using: composite
  steps:
    - run: npm run by:action
      shell: bash
      working-directory: web
`,
  'web/ecosystem.config.js': `const shared = { autorestart: true }
module.exports = { apps: [
  { ...shared, name: 'a', script: 'npm', args: 'run by:pm2' },
  { name: 'b', script: 'npm run by:pm2:text', cwd: __dirname },
  { name: 'c', script: 'npm', args: ['run', 'unasked'], cwd: process.env.ELSEWHERE },
] }
`,
  'pm2.config.json': '{ "apps": [{ "script": "npm", "args": ["run", "by:json"], "cwd": "./web" }] }',
  'manifests/shell.yaml': `apiVersion: reconcile.dev/v1
kind: Process
metadata: { name: shell }
spec: { script: bash, args: [-c, npm run by:process], cwd: ../web }
`,
}

it('finds who runs a script in workspaces, shells, actions, files of PM2 and processes', async () => {
  const names = 'workspace filter yarn bash pattern:a pattern:b folder action pm2 pm2:text json process'
  const expected = names.split(' ').map((name) => `by:${name}`)
  const asked = Object.fromEntries(
    [...expected, 'unasked', 'by:expression'].map((name) => [name, `echo ${name}`]),
  )
  const site = await open(asked)
  for (const [path, text] of Object.entries(callers)) await site.write(path, text)
  const { resources } = await importFrom(site, 'web')
  expect(resources[0]?.manifest).toMatchObject({ spec: { required: expected } })
})

it('requires what npm runs by itself, and tells notes too', async () => {
  const lifecycle = { prepack: 'echo p', preinstall: 'echo i', install: 'echo n', other: 'echo p' }
  const { resources, warnings } = await importFrom(await open(lifecycle), 'web')
  expect(resources[0]?.manifest).toMatchObject({ spec: { required: ['prepack', 'preinstall', 'install'] } })
  expect(warnings).toMatchObject([
    { code: 'import-npm-noted', line: 7, message: 'other: is the same command as `prepack`' },
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
  const imported = await importFrom(site, 'web', 'copy', 'bad', 'gone', 'gone.json')
  expect(imported.resources).toHaveLength(1)
  expect(imported.conflicts).toMatchObject([{ name: 'ScriptSet/acme-web.site', differs: ['package'] }])
  expect(imported.errors.map(({ code, message }) => [code, message.replace(site.folder, '')])).toEqual([
    ['import-npm-unreadable', expect.stringContaining('/bad/package.json: it is not valid JSON')],
    ['import-npm-unreadable', 'Cannot import the scripts of /gone/package.json: it does not exist'],
    ['import-npm-unreadable', 'Cannot import the scripts of /gone.json: it does not exist'],
  ])
})
