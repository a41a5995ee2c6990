import { existsSync } from 'node:fs'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { invoke } from '../support/invoke.ts'
import { makeFolder, plainEnv, removeFolder, startDaemon, type TestDaemon } from '../support/pm2.ts'

const fixture = new URL('./fixtures/ecosystem/', import.meta.url).pathname
const folders: string[] = []
const daemons: TestDaemon[] = []
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop()
  for (const folder of folders.splice(0)) await removeFolder(folder)
})

/** A folder with configurations as people write them: one large, one that repeats a name, one broken, one in YAML. */
async function fixtureFolder(): Promise<string> {
  const folder = await makeFolder()
  folders.push(folder)
  await cp(fixture, folder, { recursive: true })
  await writeFile(
    join(folder, 'broken.config.cjs'),
    'module.exports = {\n  apps: [\n    { name: "x"\n  ]\n}\n',
  )
  return folder
}

const inputs = ['ecosystem.config.cjs', 'other.config.cjs', 'broken.config.cjs', 'pm2.yaml']

describe.each([
  [80, true],
  [200, false],
])('import ecosystem at %i columns, to a terminal: %s', (columns, isTerminal) => {
  test('says what it wrote, what it could not, and where', async () => {
    const cwd = await fixtureFolder()
    const { status, out, err } = await invoke(['import', 'ecosystem', ...inputs], {
      cwd,
      columns,
      isTerminal,
      env: { PATH: plainEnv.PATH ?? '', NO_COLOR: '1' },
    })
    expect([status, err]).toEqual([1, ''])
    await expect(out).toMatchFileSnapshot(`./goldens/import-ecosystem-${columns}.txt`)
  })
})

test('the manifests read as they should, and pass check in every environment', async () => {
  const cwd = await fixtureFolder()
  const env = { PATH: plainEnv.PATH ?? '' }
  await invoke(['import', 'ecosystem', ...inputs], { cwd, env })
  const files = (await readdir(join(cwd, 'manifests'), { recursive: true })).filter((file) =>
    file.endsWith('.yaml'),
  )
  const texts = await Promise.all(
    files.sort().map(async (file) => `--- ${file}\n${await readFile(join(cwd, 'manifests', file), 'utf8')}`),
  )
  await expect(texts.join('')).toMatchFileSnapshot('./goldens/import-ecosystem-manifests.txt')
  expect(await invoke(['check'], { cwd, env })).toMatchObject({ status: 0, err: '' })
  for (const secret of ['hunter2', 'sk_live_']) expect(texts.join('')).not.toContain(secret)
})

test('a second import writes nothing, and one over edited files refuses', async () => {
  const cwd = await fixtureFolder()
  const env = { PATH: plainEnv.PATH ?? '' }
  await invoke(['import', 'ecosystem', 'pm2.yaml'], { cwd, env })
  const again = await invoke(['import', 'ecosystem', 'pm2.yaml', '-o', 'json'], { cwd, env })
  expect([again.status, JSON.parse(again.out).written]).toEqual([0, []])
  await writeFile(join(cwd, 'manifests/yam.yaml'), '# mine\n')
  const refused = await invoke(['import', 'ecosystem', 'pm2.yaml', '-o', 'json'], { cwd, env })
  expect(refused.status).toBe(1)
  expect(JSON.parse(refused.out).errors).toMatchObject([
    { file: 'manifests/yam.yaml', code: 'import-file-exists' },
  ])
  expect(await readFile(join(cwd, 'manifests/yam.yaml'), 'utf8')).toBe('# mine\n')
})

test('a dry run prints manifests that a shell can pipe on, and writes nothing', async () => {
  const cwd = await fixtureFolder()
  const { status, out, err } = await invoke(['import', 'ecosystem', 'pm2.yaml', '--dry-run'], { cwd })
  expect(status).toBe(0)
  expect(out).toMatch(/^# manifests\/yam\.yaml\napiVersion: reconcile\.dev\/v1\n/)
  expect(err).toContain('Dry run: nothing was changed.')
  expect(existsSync(join(cwd, 'manifests'))).toBe(false)
})

describe('--evaluate', () => {
  const dynamic = `const apps = require('fs').readdirSync(__dirname + '/services').filter((n) => n.endsWith('.mjs'))
module.exports = { apps: apps.map((n) => ({ name: n.slice(0, -4), script: './services/' + n, env: { KEY: process.env.KEY, HOST: process.env.HOST || 'here' } })) }\n`

  test('reads by running, without the values of the shell', async () => {
    const cwd = await fixtureFolder()
    await writeFile(join(cwd, 'dynamic.config.cjs'), dynamic)
    const env = { PATH: plainEnv.PATH ?? '', KEY: 'value-of-the-shell', HOST: 'host-of-the-shell' }
    const refused = await invoke(['import', 'ecosystem', 'dynamic.config.cjs'], { cwd, env })
    expect([refused.status, refused.out]).toEqual([1, expect.stringContaining('--evaluate')])
    const { status, out } = await invoke(['import', 'ecosystem', 'dynamic.config.cjs', '--evaluate'], {
      cwd,
      env,
    })
    expect(status, out).toBe(0)
    const text = await readFile(join(cwd, 'manifests/idle.yaml'), 'utf8')
    expect(text).toContain('    KEY:\n      fromEnv: KEY\n    HOST: here\n')
    expect(text).not.toContain('of-the-shell')
  })

  test.each([
    ['throw new Error("no luck")', 'no luck'],
    ['process.exit(0)', 'without exporting'],
  ])('names what fails: %s', async (code, words) => {
    const cwd = await fixtureFolder()
    await writeFile(join(cwd, 'bad.config.cjs'), `${code}\n`)
    const { status, out } = await invoke(
      ['import', 'ecosystem', 'bad.config.cjs', 'pm2.yaml', '--evaluate'],
      { cwd },
    )
    expect(status).toBe(1)
    expect(out).toContain(words)
    expect(existsSync(join(cwd, 'manifests/yam.yaml'))).toBe(true)
  })
})

test('what runs from a configuration is adopted without a restart by what was imported from it', async () => {
  const daemon = await startDaemon(7)
  daemons.push(daemon)
  await cp(join(fixture, 'services'), join(daemon.folder, 'services'), { recursive: true })
  await writeFile(
    join(daemon.folder, 'run.config.cjs'),
    `const path = require('path')
module.exports = { apps: [
  { name: 'api', cwd: __dirname, script: path.join(__dirname, 'services/idle.mjs'), args: '--port 80 --k="a b" "c d"',
    env: { PORT: process.env.PORT || 3000, FLAG: true }, max_memory_restart: '300M', kill_timeout: '4000', min_uptime: '5s',
    out_file: './logs/api.log', time: true },
  { name: 'web', cwd: __dirname, script: './services/idle.js', instances: 2, log_date_format: 'HH:mm' },
  { name: 'one', cwd: __dirname, script: './services/idle.js', instances: 1, out_file: 'logs/one.log' },
  { name: 'loud', cwd: __dirname, script: 'sleep 1000', restart_delay: 50 },
  { name: 'zero', cwd: __dirname, script: './services/idle.js', instances: 0 },
  { name: 'most', cwd: __dirname, script: './services/idle.js', instances: 'max' },
  { name: 'every', cwd: __dirname, script: './services/idle.js', instances: 'max', exec_mode: 'cluster' },
  { name: 'text', cwd: __dirname, script: './services/idle', stop_exit_codes: [0, '143'], max_restarts: '5' },
] }
`,
  )
  const { folder: cwd } = daemon
  const started = await daemon.cli('start', join(cwd, 'run.config.cjs'))
  expect(started.code, started.stdout).toBe(0)
  const before = await daemon.client.list()
  expect(before.map(({ status }) => status)).toEqual(Array(6 + 3 * availableParallelism()).fill('online'))
  const env = { PM2_HOME: daemon.home, PATH: plainEnv.PATH ?? '' }
  const imported = await invoke(['import', 'ecosystem', 'run.config.cjs'], { cwd, env })
  expect([imported.status, imported.err], imported.out).toEqual([0, ''])
  const passed = await invoke([], { cwd, env })
  expect(passed.status, passed.out + passed.err).toBe(0)
  const after = await daemon.client.list()
  const lives = (records: typeof after) =>
    records.map(({ name, pid, restartTime, createdAt }) => ({ name, pid, restartTime, createdAt }))
  expect(lives(after), passed.out).toEqual(lives(before))
  const again = await invoke(['--dry-run', '--detailed-exitcode'], { cwd, env })
  expect(again.status, again.out).toBe(0)
})

test('an application whose name only running the file could tell is left out, and a file that is not there is named', async () => {
  const cwd = await makeFolder()
  folders.push(cwd)
  await writeFile(join(cwd, 'a.js'), 'setInterval(() => undefined, 1000)\n')
  await writeFile(
    join(cwd, 'ecosystem.config.cjs'),
    [
      "const isProd = require('os').hostname() === 'prod'",
      'module.exports = { apps: [',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the file that is imported has the template
      "  { name: `tern-${isProd ? 'p' : 'd'}`, script: 'a.js' },",
      "  { name: process.env.NAME, script: 'a.js' },",
      "  { name: process.env.NAME || 'usual', script: 'a.js' },",
      "  { script: 'a.js' },",
      '] }',
      '',
    ].join('\n'),
  )
  const env = { PATH: plainEnv.PATH ?? '' }
  const { status, out } = await invoke(
    ['import', 'ecosystem', 'ecosystem.config.cjs', 'gone.config.cjs', '-o', 'json'],
    { cwd, env },
  )
  expect(status).toBe(1)
  const report = JSON.parse(out)
  expect(report.resources.map(({ id }: { id: string }) => id).sort()).toEqual(['Process/a', 'Process/usual'])
  expect(
    report.errors.map(({ file, line, code }: { file: string; line: number; code: string }) => [
      file,
      line,
      code,
    ]),
  ).toEqual([
    ['ecosystem.config.cjs', 3, 'import-ecosystem-name'],
    ['ecosystem.config.cjs', 4, 'import-ecosystem-name'],
    ['gone.config.cjs', null, 'import-ecosystem-missing'],
  ])
  expect(report.errors[1].message).toContain('what the variable NAME holds')
  const evaluated = await invoke(['import', 'ecosystem', 'gone.config.cjs', '--evaluate', '-o', 'json'], {
    cwd,
    env,
  })
  expect(JSON.parse(evaluated.out).errors[0].code).toBe('import-ecosystem-missing')
})

test('what would run otherwise than is meant begins suspended, and two secrets of one name stay two', async () => {
  const cwd = await makeFolder()
  folders.push(cwd)
  await writeFile(join(cwd, 'a.js'), 'setInterval(() => undefined, 1000)\n')
  await writeFile(
    join(cwd, 'ecosystem.config.cjs'),
    `const usual = { script: 'a.js' }
module.exports = { apps: [
  { ...usual, name: 'args', args: ['--host', process.env.HOST] },
  { ...usual, name: 'default', args: ['--port', process.env.PORT || 80], cwd: '' },
  { ...usual, name: 'cwd', cwd: process.env.FOLDER },
  { ...usual, name: 'node', interpreter: 'node@18' },
  { ...usual, name: 'user', uid: 'nobody' },
  { ...usual, name: 'idle', autostart: false },
  { ...usual, name: 'secret', args: '--db postgres://u:hunter22@db/x' },
  { ...usual, name: 'one', env: { API_KEY: 'Aa1-first-secret', SHARED_TOKEN: 'Aa1-of-both' } },
  { ...usual, name: 'two', env: { API_KEY: 'Aa1-other-secret', SHARED_TOKEN: 'Aa1-of-both' }, env_production: { API_KEY: 'Aa1-third' } },
  { ...usual, name: 'three', env: { API_KEY: process.env.API_KEY } },
] }
`,
  )
  const env = { PATH: plainEnv.PATH ?? '' }
  const { status, out } = await invoke(['import', 'ecosystem', 'ecosystem.config.cjs'], { cwd, env })
  expect(status, out).toBe(0)
  const manifest = async (name: string) =>
    parse(await readFile(join(cwd, 'manifests', `${name}.yaml`), 'utf8'))
  const reasons = await Promise.all(
    ['args', 'default', 'cwd', 'node', 'user', 'idle', 'secret', 'one'].map(async (name) => [
      name,
      (await manifest(name)).spec.suspend?.reason,
    ]),
  )
  expect(Object.fromEntries(reasons)).toEqual({
    args: 'imported without args; complete it, then remove this',
    default: undefined,
    cwd: 'imported without cwd; complete it, then remove this',
    node: 'imported without interpreter; complete it, then remove this',
    user: 'imported without uid; remove this if it may run as whom PM2 runs',
    idle: 'its configuration says autostart: false',
    secret: 'imported without args; complete it, then remove this',
    one: undefined,
  })
  expect((await manifest('one')).spec.env).toEqual({
    API_KEY: { fromEnv: 'ONE_API_KEY' },
    SHARED_TOKEN: { fromEnv: 'SHARED_TOKEN' },
  })
  expect((await manifest('two')).spec.env.API_KEY).toEqual({ fromEnv: 'TWO_API_KEY' })
  expect((await manifest('environments/production/two')).spec.env.API_KEY).toEqual({ fromEnv: 'TWO_API_KEY' })
  expect((await manifest('three')).spec.env.API_KEY).toEqual({ fromEnv: 'API_KEY' })
  expect((await invoke(['check'], { cwd, env })).status).toBe(0)
})
