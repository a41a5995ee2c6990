import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { invoke } from '../support/invoke.ts'
import { eventually, type Pm2Version, pm2Versions, startDaemon, type TestDaemon } from '../support/pm2.ts'

const idle = 'setInterval(() => undefined, 1000)\n'
const daemons: TestDaemon[] = []
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop()
})

/** Every kind of process that people have, as a PM2 configuration. */
const heap = `module.exports = { apps: [
  { name: 'api', script: './idle.mjs', args: '--port 80 --note "a b"', env: { LOG: 'info', PORT: 3000 },
    max_memory_restart: '200M', kill_timeout: 3000, min_uptime: '5s', max_restarts: 5, node_args: '--no-warnings' },
  { name: 'Web App', script: './idle.mjs', exec_mode: 'cluster', instances: 2, namespace: 'front' },
  { name: 'forked', script: './idle.mjs', instances: 2, exec_mode: 'fork', increment_var: 'SLOT', env: { SLOT: 1 } },
  { name: 'nightly', script: './done.mjs', autorestart: false, cron_restart: '0 3 1 1 *' },
  { name: 'restarted', script: './idle.mjs', cron_restart: '0 3 * * *' },
  { name: 'once', script: './done.mjs', autorestart: false },
  { name: 'program', script: 'sleep', args: '1000' },
  { name: 'shell', script: 'sleep 1000' },
  { name: 'stopped', script: './idle.mjs' },
  { name: 'logged', script: './idle.mjs', out_file: 'out.log', error_file: 'err.log', time: true },
  { name: 'apart', script: './idle.mjs', merge_logs: false, out_file: 'apart.log', stop_exit_codes: [0, 143] },
  { name: 'bash', script: './idle.sh', restart_delay: 100, exp_backoff_restart_delay: 100 },
  { name: 'secretive', script: './idle.mjs', env: { API_TOKEN: 'Zq3-never-write-me' } },
].map((app) => ({ cwd: __dirname, ...app })) }
`

async function heapOn(version: Pm2Version): Promise<TestDaemon> {
  const daemon = await startDaemon(version)
  daemons.push(daemon)
  const { folder } = daemon
  await writeFile(join(folder, 'idle.mjs'), idle)
  await writeFile(join(folder, 'done.mjs'), 'process.exit(0)\n')
  await writeFile(join(folder, 'idle.sh'), 'while true; do sleep 1; done\n')
  await writeFile(join(folder, 'heap.config.cjs'), heap)
  await daemon.cli('start', join(folder, 'heap.config.cjs'))
  // A name that PM2 does not know for a configuration's: it runs the file as a program.
  await writeFile(
    join(folder, 'ecosystem.backup.cjs'),
    'module.exports = { apps: [{ script: "idle.mjs" }] }\n',
  )
  await daemon.cli('start', join(folder, 'ecosystem.backup.cjs'))
  await daemon.cli('stop', 'stopped')
  await eventually('the jobs have ended', async () => {
    const records = await daemon.client.list()
    const jobs = records.filter(({ name }) => name === 'once' || name === 'nightly')
    return jobs.length === 2 && jobs.every(({ status }) => status === 'stopped')
  })
  return daemon
}

const envOf = (daemon: TestDaemon): Record<string, string> => ({
  PM2_HOME: daemon.home,
  PATH: process.env.PATH ?? '',
})

describe.each(pm2Versions)('import pm2, from a daemon of version %i', (version) => {
  test('what it wrote passes check, and a pass over what runs restarts nothing', async () => {
    const daemon = await heapOn(version)
    const cwd = daemon.folder
    const env = envOf(daemon)
    const before = await daemon.client.list()
    const imported = await invoke(['import', 'pm2', '-o', 'json'], { cwd, env })
    const report = JSON.parse(imported.out)
    expect([imported.status, report.errors, report.conflicts]).toEqual([0, [], []])
    expect(report.written).toHaveLength(13)
    expect(report.warnings.map(({ code }: { code: string }) => code)).toEqual(
      expect.arrayContaining([
        'import-pm2-configuration',
        'import-pm2-stopped',
        'import-secret-referenced',
        'import-pm2-option-not-carried',
      ]),
    )

    // Whoever runs it has the secret by then; while importing nobody needs it.
    env.API_TOKEN = 'Zq3-never-write-me'
    const checked = await invoke(['check', '--strict'], { cwd, env })
    expect([checked.status, checked.out]).toEqual([0, '13 resources are valid.\n'])

    const first = await invoke(['--dry-run', '-o', 'json'], { cwd, env })
    const planned = JSON.parse(first.out).resources.map(
      (each: { id: string; actions: { type: string }[]; held: { reason: string }[] }) =>
        each.held.length > 0
          ? `${each.id} held: ${each.held[0]?.reason}`
          : each.actions.map(({ type }) => type).join(),
    )
    expect(new Set(planned)).toEqual(new Set(['adopt', 'Process/stopped held: Suspended']))

    const passed = await invoke([], { cwd, env })
    expect(passed.status, passed.out + passed.err).toBe(0)
    const after = await daemon.client.list()
    const lives = (records: typeof after) =>
      records.map(({ name, pmId, pid, restartTime, createdAt, status }) => ({
        name,
        pmId,
        pid,
        restartTime,
        createdAt,
        status,
      }))
    expect(lives(after)).toEqual(lives(before))

    const again = await invoke(['--dry-run', '--detailed-exitcode', '--only', 'Process/api'], { cwd, env })
    expect(again.status, again.out).toBe(0)
  })

  test('no value of a secret is written or printed', async () => {
    const daemon = await heapOn(version)
    const cwd = daemon.folder
    const env = envOf(daemon)
    const printed: string[] = []
    for (const args of [['--dry-run'], [], ['-o', 'json', '--force']]) {
      const { out, err } = await invoke(['import', 'pm2', ...args], { cwd, env })
      printed.push(out, err)
    }
    for (const name of await readdir(join(cwd, 'manifests'))) {
      printed.push(await readFile(join(cwd, 'manifests', name), 'utf8'))
    }
    expect(printed.join('\n')).toContain('fromEnv: API_TOKEN')
    expect(printed.join('\n')).not.toContain('never-write-me')
  })
})

describe('import pm2', () => {
  test('starts no daemon and makes no file where none runs', async () => {
    const daemon = await startDaemon(7)
    daemons.push(daemon)
    const home = join(daemon.folder, 'none')
    const imported = await invoke(['import', 'pm2', '-o', 'json'], {
      cwd: daemon.folder,
      env: { PM2_HOME: home },
    })
    expect(imported.status).toBe(1)
    expect(JSON.parse(imported.out)).toMatchObject({
      written: [],
      errors: [{ file: 'pm2', line: null, code: 'DaemonNotRunning' }],
    })
    expect([existsSync(home), existsSync(join(daemon.folder, 'manifests'))]).toEqual([false, false])
  })

  test('names what one name means twice, and takes the first', async () => {
    const daemon = await startDaemon(7)
    daemons.push(daemon)
    const { folder } = daemon
    for (const name of ['a', 'b']) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'idle.mjs'), idle)
      await daemon.cli('start', join(folder, name, 'idle.mjs'), '--name', 'twin', '--force')
    }
    const { out, status } = await invoke(['import', 'pm2', '-o', 'json'], { cwd: folder, env: envOf(daemon) })
    expect(status).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      resources: [{ id: 'Process/twin' }],
      conflicts: [
        { name: 'twin', places: [{ file: 'pm2 number 0' }, { file: 'pm2 number 1' }], differs: ['script'] },
      ],
    })
    expect(await readFile(join(folder, 'manifests/twin.yaml'), 'utf8')).toContain('script: ../a/idle.mjs')
  })
})

describe('import', () => {
  test.each([
    [['import', 'pm3'], 'Did you mean `pm2`?'],
    [['import', 'pm2', 'extra'], 'expected `reconcile import pm2`'],
    [['import', 'pm2', '--only', 'Process/x', '--env-file', 'x'], 'unknown option'],
  ])('refuses %j and does nothing', async (args, words) => {
    const daemon = await startDaemon(7)
    daemons.push(daemon)
    const { status, out, err } = await invoke(args, { cwd: daemon.folder, env: envOf(daemon) })
    expect([status, out]).toEqual([1, ''])
    expect(err).toContain(words)
    expect(await readdir(daemon.folder)).toEqual([])
  })
})
