import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { invoke } from '../support/invoke.ts'
import { makeFolder, plainEnv, removeFolder, startDaemon, type TestDaemon } from '../support/pm2.ts'

const folders: string[] = []
const daemons: TestDaemon[] = []
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop()
  for (const folder of folders.splice(0)) await removeFolder(folder)
})

async function emptyFolder(): Promise<string> {
  const folder = await makeFolder()
  folders.push(folder)
  return folder
}

const envOf = (home: string) => ({ PATH: plainEnv.PATH ?? '', PM2_HOME: home })

describe.each([
  [80, true],
  [200, false],
])('init at %i columns, to a terminal: %s', (columns, isTerminal) => {
  test('begins with a sample that passes check where nothing is found', async () => {
    const cwd = await emptyFolder()
    const env = { ...envOf(join(cwd, 'p')), NO_COLOR: '1' }
    const { status, out, err } = await invoke(['init'], { cwd, env, columns, isTerminal })
    expect([status, err]).toEqual([0, ''])
    await expect(out).toMatchFileSnapshot(`./goldens/init-${columns}.txt`)
    expect(await readdir(cwd)).toEqual(['manifests'])
    expect(await invoke(['check', '--strict'], { cwd, env })).toMatchObject({ status: 0 })
  })
})

test('init makes manifests of the configuration that lies there', async () => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'api.mjs'), '')
  await writeFile(
    join(cwd, 'ecosystem.config.js'),
    "module.exports = { apps: [{ name: 'api', script: './api.mjs' }] }\n",
  )
  const { status, out } = await invoke(['init'], { cwd, env: envOf(join(cwd, 'p')) })
  expect([status, out]).toEqual([0, expect.stringContaining('ecosystem.config.js')])
  expect(await readdir(join(cwd, 'manifests'))).toEqual(['api.yaml'])
})

test('init finds the configurations beside the usual one, which comes first, and takes no others for one', async () => {
  const cwd = await emptyFolder()
  const app = (name: string, args: string) => `{ name: '${name}', script: './api.mjs', args: '${args}' }`
  for (const [file, text] of [
    ['api.mjs', ''],
    ['ecosystem.config.js', `module.exports = { apps: [${app('api', 'usual')}] }`],
    [
      'ecosystem.backup.config.cjs',
      `module.exports = { apps: [${app('api', 'other')}, ${app('backup', 'b')}] }`,
    ],
    ['eco.config.js', `module.exports = { apps: [${app('eco', 'e')}] }`],
    ['ecosystem.redundancy.cjs', `module.exports = { apps: [${app('more', 'm')}] }`],
    ['ecosystem-tools.js', 'module.exports = { start() {} }'],
    ['next.config.js', 'module.exports = { reactStrictMode: true }'],
    ['broken.config.js', 'module.exports = {'],
  ] as const) {
    await writeFile(join(cwd, file), `${text}\n`)
  }
  const { status, out } = await invoke(['init'], { cwd, env: envOf(join(cwd, 'p')) })
  expect(status, out).toBe(0)
  expect(await readdir(join(cwd, 'manifests'))).toEqual(['api.yaml', 'backup.yaml', 'eco.yaml', 'more.yaml'])
  expect(await readFile(join(cwd, 'manifests/api.yaml'), 'utf8')).toContain('usual')
})

test('init with a broken configuration names the fault, and makes up nothing', async () => {
  const cwd = await emptyFolder()
  await writeFile(join(cwd, 'ecosystem.config.js'), 'module.exports = {\n apps: [\n}\n')
  const { status, out } = await invoke(['init'], { cwd, env: envOf(join(cwd, 'p')) })
  expect([status, out]).toEqual([1, expect.stringContaining('ecosystem.config.js:3: error')])
  expect(await readdir(cwd)).toEqual(['ecosystem.config.js'])
})

test('init takes what runs from the folder before what a configuration says, and leaves what runs elsewhere', async () => {
  const daemon = await startDaemon(7)
  daemons.push(daemon)
  const cwd = daemon.folder
  const other = await emptyFolder()
  for (const [folder, name] of [
    [cwd, 'here'],
    [other, 'there'],
  ] as const) {
    await writeFile(join(folder, `${name}.mjs`), 'setInterval(() => undefined, 1000)\n')
    await daemon.cli('start', join(folder, `${name}.mjs`), '--name', name, '--cwd', folder)
  }
  await writeFile(join(cwd, 'pm2.json'), '{ "apps": [{ "name": "not-this", "script": "./here.mjs" }] }')
  const { status } = await invoke(['init'], { cwd, env: envOf(daemon.home) })
  expect(status).toBe(0)
  expect(await readdir(join(cwd, 'manifests'))).toEqual(['here.yaml'])
})

test('init never writes where manifests are', async () => {
  const cwd = await emptyFolder()
  const env = envOf(join(cwd, 'p'))
  await invoke(['init'], { cwd, env })
  const path = join(cwd, 'manifests/hello.yaml')
  await writeFile(path, `${await readFile(path, 'utf8')}# mine\n`)
  const { status, err } = await invoke(['init'], { cwd, env })
  expect([status, err]).toEqual([1, expect.stringContaining('exists already')])
  expect(await readFile(path, 'utf8')).toContain('# mine')
})
