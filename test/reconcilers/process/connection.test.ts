import { mkdir, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { freePort } from '../../support/fleet.ts'
import {
  eventually,
  lives,
  makeFolder,
  pm2Versions,
  removeFolder,
  startDaemon,
  type TestDaemon,
  withDaemon,
  writtenIn,
} from '../../support/pm2.ts'
import { Bench, type Desired, declare, makeScripts, readTold, type Spec } from './bench.ts'

const changedPaths = (actions: Awaited<ReturnType<Bench['plan']>>) =>
  actions.flatMap((action) => action.changes.map((change) => change.path))
const types = (actions: Awaited<ReturnType<Bench['plan']>>) => actions.map(({ type }) => type)

/** Whether a GET is answered with 200, on a connection of its own. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
    })
    call.setTimeout(2000, () => call.destroy(new Error('no answer')))
    call.on('error', () => resolve(false))
    call.end()
  })
}

describe.each(pm2Versions)('processes of PM2 %i', (version) => {
  let daemon: TestDaemon
  let bench: Bench
  let count = 0

  beforeAll(async () => {
    daemon = await startDaemon(version)
    await makeScripts(daemon.folder)
    await writeFile(join(daemon.folder, 'fail.cjs'), 'process.exit(3)\n')
    await writeFile(join(daemon.folder, 'later.cjs'), 'setTimeout(() => process.exit(3), 300)\n')
    bench = new Bench({ folder: daemon.folder, home: daemon.home })
  })
  afterAll(async () => {
    await bench.close()
    await daemon.stop()
  })

  /** A name of its own for each test. */
  function named(
    spec: Partial<Spec>,
    controls?: Desired['controls'] | Partial<Desired['controls']>,
  ): Desired {
    count += 1
    return again(`p${count}`, spec, controls)
  }
  function again(name: string, spec: Partial<Spec>, controls?: Partial<Desired['controls']>): Desired {
    const { env, ...rest } = { script: './tattle.cjs', ...spec }
    return declare(
      name,
      { ...rest, env: { TELL: join(daemon.folder, `${name}.json`), ...env } },
      { folder: daemon.folder, ...(controls ? { controls } : {}) },
    )
  }
  const recordsOf = async ({ name }: Desired) =>
    (await daemon.client.list()).filter((record) => record.name === name)
  const pidsOf = async (desired: Desired) => (await recordsOf(desired)).map(({ pid }) => pid)
  const toldOf = async ({ name }: Desired, pid: number | undefined) =>
    await eventually(`${name} says what it sees`, async () => {
      const told = await readTold(join(daemon.folder, `${name}.json`))
      return told?.pid === pid && told
    })

  test('applying the same action twice starts one process and restarts nothing', async () => {
    const desired = named({ env: { A: '1' } })
    const [start] = await bench.plan(desired)
    if (!start) throw new Error('Expected a start')
    await bench.apply(start)
    await bench.apply(start)
    const pids = await pidsOf(desired)
    expect(pids).toHaveLength(1)
    const [restart] = await bench.plan(again(desired.name, { env: { A: '2' } }))
    if (!restart) throw new Error('Expected a restart')
    await bench.apply(restart)
    const after = await pidsOf(desired)
    expect(after).not.toEqual(pids)
    await bench.apply(restart)
    expect(await pidsOf(desired)).toEqual(after)
  })

  test('several instances are started, added and taken away, the others left alone', async () => {
    const desired = named({ instances: 2 })
    await bench.settle(desired)
    const two = await pidsOf(desired)
    expect(two).toHaveLength(2)
    const three = again(desired.name, { instances: 3 })
    const plan = await bench.plan(three)
    expect(plan.map(({ type, removes }) => [type, removes])).toEqual([['scale-up', 0]])
    await bench.settle(three)
    expect((await pidsOf(desired)).slice(0, 2)).toEqual(two)
    const gone = reconciler.diff({ ...(await bench.pair(three)), desired: undefined })
    expect(gone.map(({ type, removes }) => [type, removes])).toEqual([['delete', 1]])
    const one = again(desired.name, { instances: 1 })
    expect((await bench.plan(one)).map(({ type, removes }) => [type, removes])).toEqual([['scale-down', 0]])
    await bench.settle(one)
    expect(await pidsOf(desired)).toEqual(two.slice(0, 1))
    expect(await bench.plan(one)).toEqual([])
  })

  test('who dies while several instances are started leaves no order behind that his successor cannot see', async () => {
    const desired = named({ mode: 'cluster', instances: 4, script: './fine.cjs' })
    await writeFile(join(daemon.folder, 'fine.cjs'), 'setInterval(() => undefined, 1000)\n')
    const [start] = await bench.plan(desired)
    if (!start) throw new Error('Expected a start')
    const death = new AbortController()
    const connection = await bench.connection()
    const applied = connection.apply(start, death.signal).catch(() => undefined)
    await eventually('the first is there', async () => (await recordsOf(desired)).length > 0)
    death.abort()
    await applied
    const left = await pidsOf(desired)
    expect(left.length).toBeLessThan(4)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(await pidsOf(desired)).toEqual(left)
    await bench.settle(desired)
    expect(await pidsOf(desired)).toHaveLength(4)
  })

  test('max is one instance a processor', async () => {
    const desired = named({ instances: 'max' })
    await bench.settle(desired)
    expect(await pidsOf(desired)).toHaveLength(availableParallelism())
    expect(await bench.plan(desired)).toEqual([])
  })

  test('a reload in cluster mode answers every request while it changes what runs', async () => {
    const port = await freePort()
    const spec = { mode: 'cluster', instances: 2, update: 'reload' } as const
    const desired = named({ ...spec, env: { LISTEN: String(port), V: '1' } })
    await bench.settle(desired)
    await eventually('it listens', () => answers(port))
    const before = await pidsOf(desired)
    let isDone = false
    const failures: number[] = []
    let asked = 0
    const asking = (async () => {
      while (!isDone) {
        asked += 1
        if (!(await answers(port))) failures.push(asked)
      }
    })()
    const changed = again(desired.name, { ...spec, env: { LISTEN: String(port), V: '2' } })
    expect(types(await bench.settle(changed))).toEqual(['reload'])
    isDone = true
    await asking
    const after = await pidsOf(desired)
    expect(after.filter((pid) => before.includes(pid))).toEqual([])
    expect(await bench.plan(changed)).toEqual([])
    expect(failures).toEqual([])
    expect(asked).toBeGreaterThan(10)
  })

  test('variables that others set stay, and those that we set and drop go', async () => {
    const desired = named({ env: { OURS: 'a', ALSO: 'b' } })
    await bench.settle(desired)
    const config = join(daemon.folder, `${desired.name}.config.json`)
    const app = { name: desired.name, script: join(daemon.folder, 'tattle.cjs'), env: { THEIRS: 'x' } }
    await writeFile(config, JSON.stringify({ apps: [app] }))
    await daemon.cli('restart', config, '--update-env')
    const fewer = again(desired.name, { env: { OURS: 'a' } })
    expect(changedPaths(await bench.settle(fewer))).toEqual(['env.ALSO'])
    const [pid] = await pidsOf(desired)
    const told = await toldOf(desired, pid)
    expect([told.env.OURS, told.env.ALSO, told.env.THEIRS]).toEqual(['a', undefined, 'x'])
    expect(await bench.plan(fewer)).toEqual([])
  })

  test('a changed secret is seen by the process and by nobody who reads the plan', async () => {
    const secret = (text: string) => Secret.read('fromEnv API_KEY', text, `digest of ${text.length}`)
    const first = named({ env: { API: secret('first-canary') } })
    await bench.settle(first)
    const second = again(first.name, { env: { API: secret('second-canary-2') } })
    const plan = await bench.plan(second)
    expect(plan.map(({ changes }) => changes)).toEqual([[{ path: 'env.API', sensitive: true }]])
    expect(JSON.stringify(plan.map(({ desired, ...rest }) => rest))).not.toContain('canary')
    await bench.settle(second)
    const [pid] = await pidsOf(first)
    expect((await toldOf(first, pid)).env.API).toBe('second-canary-2')
    expect(await bench.plan(again(first.name, { env: { API: Secret.unread('fromCommand x') } }))).toEqual([])
    expect(JSON.stringify((await recordsOf(first)).map(({ reconciled }) => reconciled))).not.toContain(
      'canary',
    )
  })

  test('an ignored difference is not corrected, and is kept when another one is', async () => {
    const desired = named({ env: { LEVEL: 'a', OTHER: '1' } })
    await bench.settle(desired)
    const controls = { ignore: ['/env/LEVEL'] }
    expect(await bench.plan(again(desired.name, { env: { LEVEL: 'b', OTHER: '1' } }, controls))).toEqual([])
    await bench.settle(again(desired.name, { env: { LEVEL: 'b', OTHER: '2' } }, controls))
    const [pid] = await pidsOf(desired)
    const told = await toldOf(desired, pid)
    expect([told.env.LEVEL, told.env.OTHER]).toEqual(['a', '2'])
  })

  test('changed sources update the process though the manifest did not change', async () => {
    const folder = join(daemon.folder, `lib${version}`)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'a.mjs'), '1')
    const desired = named({ sources: [`./lib${version}/**/*.mjs`] })
    await bench.settle(desired)
    expect(await bench.plan(desired)).toEqual([])
    await writeFile(join(folder, 'b.txt'), '1')
    expect(await bench.plan(desired)).toEqual([])
    await writeFile(join(folder, 'a.mjs'), '2')
    const plan = await bench.plan(desired)
    expect(plan.map(({ reason }) => reason)).toEqual(['its sources changed'])
    const before = await pidsOf(desired)
    await bench.settle(desired)
    expect(await pidsOf(desired)).not.toEqual(before)
    expect(await bench.plan(desired)).toEqual([])
  })

  test('what runs by the program behind a link on its PATH is adopted without a restart', async () => {
    const desired = named({ cwd: '.', interpreter: 'node' })
    const real = await realpath(process.execPath)
    const links = join(daemon.folder, 'links')
    await mkdir(links, { recursive: true })
    await symlink(real, join(links, 'node')).catch(() => undefined)
    const config = join(daemon.folder, `${desired.name}.config.json`)
    const env = { ...desired.spec.env, PATH: `${links}:/usr/bin:/bin` }
    const script = join(daemon.folder, 'tattle.cjs')
    const app = { name: desired.name, script, cwd: daemon.folder, interpreter: real, env }
    await writeFile(config, JSON.stringify({ apps: [app] }))
    await daemon.cli('start', config)
    const before = await pidsOf(desired)
    expect((await recordsOf(desired)).map(({ interpreter }) => interpreter)).toEqual([real])
    expect(types(await bench.settle(desired))).toEqual(['adopt'])
    expect(await pidsOf(desired)).toEqual(before)
    const other = join(daemon.folder, 'other-node')
    await symlink(real, other).catch(() => undefined)
    expect(changedPaths(await bench.plan(again(desired.name, { cwd: '.', interpreter: other })))).toEqual([
      'interpreter',
    ])
  })

  test('what already runs as declared is adopted without a restart', async () => {
    const desired = named({ args: ['x'], cwd: '.' })
    const script = join(daemon.folder, 'tattle.cjs')
    const config = join(daemon.folder, `${desired.name}.config.json`)
    const app = { name: desired.name, script, args: ['x'], cwd: daemon.folder, env: desired.spec.env }
    await writeFile(config, JSON.stringify({ apps: [app] }))
    await daemon.cli('start', config)
    const before = await recordsOf(desired)
    const reading = await bench.read(desired)
    if (reading.type !== 'present') throw new Error(`Expected it to be there, got ${reading.type}`)
    expect(reconciler.claim(desired, reading.value)).toEqual({
      mark: undefined,
      isMarkAlive: false,
      matches: true,
      differs: [],
    })
    expect((await bench.settle(desired)).map(({ type, verb }) => [type, verb])).toEqual([['adopt', 'update']])
    const after = await recordsOf(desired)
    expect(after.map(({ pid, restartTime }) => [pid, restartTime])).toEqual(
      before.map(({ pid, restartTime }) => [pid, restartTime]),
    )
    expect(await bench.plan(desired)).toEqual([])
    const other = reconciler.claim(
      again(desired.name, { script: './tattle2.cjs', cwd: './other' }),
      reading.value,
    )
    expect([other.matches, other.differs]).toEqual([false, ['script', 'cwd']])
  })

  test('two programs of one name are reported and neither is touched', async () => {
    const desired = named({ args: ['new'] })
    // Started by hand they must live: what ends is started again by PM2, and is another process each time.
    const [one, two] = [join(daemon.folder, 'one.cjs'), join(daemon.folder, 'two.cjs')]
    for (const file of [one, two]) await writeFile(file, 'setInterval(() => undefined, 1000)\n')
    await daemon.cli('start', one, '--name', desired.name)
    await daemon.cli('start', two, '--name', desired.name, '--force')
    const before = await pidsOf(desired)
    expect(before).toHaveLength(2)
    const reading = await bench.read(desired)
    if (reading.type !== 'present') throw new Error('Expected it to be there')
    expect(reconciler.claim(desired, reading.value).matches).toBe(false)
    const plan = await bench.plan(desired)
    expect(plan.map(({ blocked }) => blocked?.reason)).toEqual(['Conflict'])
    expect(plan[0]?.blocked?.message).toContain(two)
    expect((await bench.assess(desired)).reason).toBe('DuplicateName')
    expect(await pidsOf(desired)).toEqual(before)
  })

  test('the same name in two namespaces is reported', async () => {
    const desired = named({})
    const script = join(daemon.folder, 'spaced.cjs')
    await writeFile(script, 'setInterval(() => undefined, 1000)\n')
    await daemon.cli('start', script, '--name', desired.name, '--namespace', 'a')
    await daemon.cli('start', script, '--name', desired.name, '--namespace', 'b', '--force')
    expect(await recordsOf(desired)).toHaveLength(2)
    const plan = await bench.plan(desired)
    expect(plan.map(({ blocked }) => blocked?.reason)).toEqual(['Conflict'])
    expect(plan[0]?.blocked?.message).toContain('namespaces')
  })

  test('a process stopped by hand is started again', async () => {
    const desired = named({})
    await bench.settle(desired)
    await daemon.cli('stop', desired.name)
    expect((await bench.assess(desired)).status).toBe('Degraded')
    const plan = await bench.plan(desired)
    expect(plan.map(({ type, verb, isRecovery }) => [type, verb, isRecovery])).toEqual([
      ['revive', 'run', true],
    ])
    await bench.settle(desired)
    expect((await recordsOf(desired)).map(({ status }) => status)).toEqual(['online'])
    expect(await bench.plan(desired)).toEqual([])
  })

  test.each([
    ['without a delay', {}],
    ['with one, which PM2 then calls "waiting restart" for ever', { restartDelay: '10ms' }],
  ])('a process that PM2 gave up is revived, %s', async (_, delay) => {
    const desired = named({ script: './fail.cjs', maxRestarts: 2, minUptime: '1s', ...delay })
    await bench.settle(desired)
    const given = await eventually('PM2 gives up', async () => {
      const assessment = await bench.assess(desired)
      return assessment.reason === 'Errored' && assessment
    })
    expect(given.status).toBe('Degraded')
    expect(given.message).toContain('exit code 3')
    const plan = await bench.plan(desired)
    expect(types(plan)).toEqual(['revive'])
    const [before] = await recordsOf(desired)
    await bench.settle(desired)
    const [after] = await recordsOf(desired)
    expect(after?.uptimeSince).toBeGreaterThan(before?.uptimeSince ?? Number.POSITIVE_INFINITY)
  })

  test('a process that waits for its restart can be changed', async () => {
    const desired = named({ script: './fail.cjs', restartDelay: '1m', maxRestarts: 100 })
    await bench.settle(desired)
    await eventually('it waits', async () => (await recordsOf(desired))[0]?.isWaitingForRestart)
    const changed = again(desired.name, { restartDelay: '1m', maxRestarts: 100 })
    await bench.settle(changed)
    expect((await recordsOf(desired)).map(({ status }) => status)).toEqual(['online'])
    expect(await bench.plan(changed)).toEqual([])
  })

  test('online with no process is not healthy, and is started once there is something to start', async () => {
    const folder = join(daemon.folder, `gone${version}`)
    await mkdir(folder)
    const desired = named({ cwd: `./gone${version}` })
    await bench.settle(desired)
    await rm(folder, { recursive: true })
    await daemon.cli('restart', desired.name)
    const [phantom] = await eventually('PM2 says online of nothing', async () => {
      const records = await recordsOf(desired)
      return records[0]?.status === 'online' && records[0].pid === undefined && records
    })
    expect(phantom?.pid).toBeUndefined()
    const assessment = await bench.assess(desired)
    expect([assessment.status, assessment.reason]).toEqual(['Degraded', 'NoProcess'])
    expect((await bench.plan(desired)).map(({ blocked }) => blocked?.reason)).toEqual(['ScriptMissing'])
    await mkdir(folder)
    expect((await bench.settle(desired)).map(({ type, blocked }) => [type, blocked])).toEqual([
      ['revive', undefined],
    ])
    const [pid] = await pidsOf(desired)
    expect(pid !== undefined && (await lives(pid))).toBe(true)
  })

  test('nothing is sent for a script that does not exist', async () => {
    const desired = named({ script: './nowhere.cjs' })
    const [start] = await bench.plan(desired)
    expect(start?.blocked?.reason).toBe('ScriptMissing')
    if (!start) throw new Error('Expected a start')
    await expect(bench.apply(start)).rejects.toMatchObject({ code: 'ScriptMissing' })
    expect(await recordsOf(desired)).toEqual([])
    expect((await bench.assess(desired)).reason).toBe('ScriptMissing')
  })

  test('a program without a slash is found on PATH and runs by itself', async () => {
    const desired = named({ script: 'sleep', args: ['1001'] })
    await bench.settle(desired)
    const [record] = await recordsOf(desired)
    expect([record?.interpreter, record?.execPath?.endsWith('/sleep')]).toEqual(['none', true])
    expect(await bench.plan(desired)).toEqual([])
  })

  test('another script is run by its own interpreter, where none is declared', async () => {
    const desired = named({})
    await bench.settle(desired)
    const file = join(daemon.folder, `shell${version}`)
    await writeFile(join(daemon.folder, 'say.sh'), `echo "$BASH_VERSION" > ${file}; exec sleep 1001`)
    const shell = again(desired.name, { script: './say.sh' })
    expect(changedPaths(await bench.settle(shell))).toEqual(['script'])
    await eventually('bash says its version', () => writtenIn(file))
    expect(await bench.plan(shell)).toEqual([])
  })

  test('what we made moves with its repository, and is not left in a folder that is gone', async () => {
    const [before, after] = [join(daemon.folder, `old${version}`), join(daemon.folder, `new${version}`)]
    await mkdir(before)
    await makeScripts(before)
    const at = (folder: string) =>
      declare(
        `moved${version}`,
        { script: './tattle.cjs', env: { TELL: join(daemon.folder, `moved${version}.json`) } },
        { folder },
      )
    await bench.settle(at(before))
    await rename(before, after)
    expect(changedPaths(await bench.settle(at(after)))).toEqual(['script', 'cwd'])
    const [record] = await recordsOf(at(after))
    expect([record?.cwd, record?.execPath]).toEqual([after, join(after, 'tattle.cjs')])
    expect((await toldOf(at(after), record?.pid)).cwd).toBe(after)
    expect(await bench.plan(at(after))).toEqual([])
  })

  test.each([
    { title: 'a program on PATH', name: 'program', spec: { script: 'sleep', args: ['1000'] } },
    { title: 'a script elsewhere', name: 'absolute', spec: undefined },
  ])('$title that we made is not left in a folder that is gone', async ({ name, spec }) => {
    const [before, after] = [
      join(daemon.folder, `${name}-a${version}`),
      join(daemon.folder, `${name}-b${version}`),
    ]
    await mkdir(before)
    const declared = spec ?? { script: join(daemon.folder, 'tattle.cjs') }
    const at = (folder: string) => declare(`${name}-gone${version}`, declared, { folder })
    await bench.settle(at(before))
    await rename(before, after)
    const actions = await bench.settle(at(after))
    expect(changedPaths(actions)).toEqual(['cwd'])
    expect(actions[0]?.reason).toBe('its working folder is gone')
    const [record] = await recordsOf(at(after))
    expect([record?.cwd, record?.status]).toEqual([after, 'online'])
    expect(await bench.plan(at(after))).toEqual([])
  })

  test('what runs is not restarted because its manifest was moved', async () => {
    const folders = [join(daemon.folder, `flat${version}`), join(daemon.folder, `deep${version}`)]
    for (const folder of folders) await mkdir(folder)
    const at = (folder: string) =>
      declare(`stays${version}`, { script: join(daemon.folder, 'tattle.cjs') }, { folder })
    await bench.settle(at(folders[0] ?? ''))
    expect(await bench.plan(at(folders[1] ?? ''))).toEqual([])
  })

  test('on standby nothing of it is in PM2', async () => {
    const desired = named({})
    await bench.settle(desired)
    bench.posture = 'standby'
    try {
      expect((await bench.plan(desired)).map(({ type, verb, removes }) => [type, verb, removes])).toEqual([
        ['stand-down', 'run', 0],
      ])
      await bench.settle(desired)
      expect(await recordsOf(desired)).toEqual([])
      expect(await bench.plan(desired)).toEqual([])
      expect((await bench.assess(desired)).status).toBe('Healthy')
    } finally {
      bench.posture = 'active'
    }
  })

  test('what is no longer declared is deleted, and only what bears our mark', async () => {
    const desired = named({})
    await bench.settle(desired)
    const script = join(daemon.folder, 'tattle.cjs')
    await daemon.cli('start', script, '--name', desired.name, '--force')
    const pair = await bench.pair(desired)
    const actions = reconciler.diff({ ...pair, desired: undefined })
    expect(actions.map(({ type, removes }) => [type, removes])).toEqual([['delete', 1]])
    for (const action of actions) {
      await bench.apply(action)
      await bench.apply(action)
    }
    const left = await recordsOf(desired)
    expect(left.map(({ reconciled }) => reconciled)).toEqual([undefined])
  })

  test('the mark survives a restart by hand', async () => {
    const desired = named({})
    await bench.settle(desired)
    const before = (await recordsOf(desired)).map(({ reconciled }) => reconciled)
    await daemon.cli('restart', desired.name, '--update-env')
    expect((await recordsOf(desired)).map(({ reconciled }) => reconciled)).toEqual(before)
    expect(await bench.plan(desired)).toEqual([])
  })

  test('a store that was lost is replaced, one that lives on is a rival', async () => {
    const desired = named({ env: { A: '1', B: '2' } })
    await bench.settle(desired)
    const other = new Bench({ folder: daemon.folder, home: daemon.home, store: 'store-2' })
    try {
      const claim = async () => {
        const reading = await other.read(desired)
        if (reading.type !== 'present') throw new Error('Expected it to be there')
        return reconciler.claim(desired, reading.value)
      }
      expect([(await claim()).mark?.store, (await claim()).isMarkAlive]).toEqual(['store-1', false])
      await writeFile(join(daemon.folder, 'store-1.db'), '')
      expect((await claim()).isMarkAlive).toBe(true)
      // Without a word of the inventory the mark still knows what we set.
      expect(changedPaths(await other.plan(again(desired.name, { env: { A: '1' } })))).toEqual(['env.B'])
    } finally {
      await rm(join(daemon.folder, 'store-1.db'), { force: true })
      await other.close()
    }
  })
})

describe('a daemon that is not there', () => {
  test('observing leaves no daemon and no file', async () => {
    const folder = await makeFolder()
    const home = join(folder, 'p')
    const bench = new Bench({ folder, home })
    try {
      await makeScripts(folder)
      const desired = declare('api', { script: './tattle.cjs' }, { folder })
      expect((await bench.plan(desired)).map(({ type }) => type)).toEqual(['start'])
      expect((await bench.read(desired)).type).toBe('absent')
      await expect(stat(home)).rejects.toMatchObject({ code: 'ENOENT' })
    } finally {
      await bench.close()
      await removeFolder(folder)
    }
  })

  test.each(pm2Versions)('what a killed PM2 %i left behind is not started twice', async (version) => {
    await withDaemon(version, async (daemon) => {
      // It prints nothing: into a pipe that nobody reads any more it would end by itself.
      // It says that it is up in a file: PM2's wrapper ends with its daemon for as long as it has not run the script.
      const up = join(daemon.folder, 'up')
      await writeFile(
        join(daemon.folder, 'idle.cjs'),
        `require('node:fs').writeFileSync(${JSON.stringify(up)}, '')\nsetInterval(() => undefined, 1000)\n`,
      )
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const desired = declare('api', { script: './idle.cjs' }, { folder: daemon.folder })
      try {
        await bench.settle(desired)
        const [record] = await daemon.client.list()
        const old = record?.pid ?? 0
        await eventually('the script is up', () => stat(up).catch(() => undefined))
        await daemon.crash()
        expect(await lives(old)).toBe(true)
        const reading = await bench.read(desired)
        if (reading.type !== 'absent') throw new Error(`Expected it to be absent, got ${reading.type}`)
        expect(reading.value?.leftBehind).toEqual([old])
        expect((await bench.assess(desired)).reason).toBe('LeftBehind')
        await bench.settle(desired)
        expect(await lives(old)).toBe(false)
        const records = await daemon.client.list()
        expect(records.map(({ name, status }) => [name, status])).toEqual([['api', 'online']])
        expect(await bench.plan(desired)).toEqual([])
      } finally {
        await bench.close()
      }
    })
  })
})
