import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, pm2Versions, startDaemon, type TestDaemon } from '../../support/pm2.ts'
import { Bench, type Desired, declare, type Spec } from './bench.ts'

/** Listens, or does what `HOW` says. */
const script = `
if (process.env.HOW === 'exit') throw new Error('no database')
if (process.env.HOW === 'once' && process.env.V === '2') {
  const file = process.env.FILE + process.env.NODE_APP_INSTANCE
  if (!require('node:fs').existsSync(file)) { require('node:fs').writeFileSync(file, ''); process.exit(1) }
}
if (process.env.HOW === 'silent') setInterval(() => undefined, 1000)
else require('node:http').createServer((_, response) => response.end('ok'))
  .listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => process.send('ready'))
`

/** What somebody is told where it stops. */
const messageOf = (settled: Promise<unknown>): Promise<string> =>
  settled.then(
    () => 'it went on',
    (error: Error) => error.message,
  )

describe.each(pm2Versions)('an update of several instances under PM2 %i', (version) => {
  let daemon: TestDaemon
  let bench: Bench
  let count = 0

  beforeAll(async () => {
    daemon = await startDaemon(version)
    await writeFile(join(daemon.folder, 'web.cjs'), script)
    bench = new Bench({ folder: daemon.folder, home: daemon.home })
  })
  afterAll(async () => {
    await bench.close()
    await daemon.stop()
  })

  const web = (name: string, env: Readonly<Record<string, string>>, spec: Partial<Spec> = {}): Desired =>
    declare(
      name,
      {
        script: './web.cjs',
        mode: 'cluster',
        instances: 3,
        listenTimeout: '1s',
        minUptime: '2s',
        maxRestarts: 3,
        ...spec,
        env,
      },
      { folder: daemon.folder },
    )
  const recordsOf = async ({ name }: Desired) =>
    (await daemon.client.list()).filter((one) => one.name === name)
  const versionsOf = async (desired: Desired) =>
    (await recordsOf(desired)).map(({ env, status }) => `${env.V} ${status}`)
  const pidsByVersion = async (desired: Desired) => {
    const groups = Map.groupBy(await recordsOf(desired), ({ env }) => env.V ?? '')
    return Object.fromEntries([...groups].map(([v, group]) => [v, group.map(({ pid }) => pid)]))
  }
  const started = async (spec: Partial<Spec> = {}) => {
    count += 1
    const desired = web(`web${count}`, { V: '1' }, spec)
    await bench.settle(desired)
    await eventually('all are up', async () => (await bench.assess(desired)).status === 'Healthy')
    return desired
  }

  test('touches the next only when the one before has been up for minUptime', async () => {
    const before = await started({ minUptime: '1200ms' })
    await bench.settle(web(before.name, { V: '2' }, { minUptime: '1200ms' }))
    const starts = (await recordsOf(before)).map(({ uptimeSince = 0 }) => uptimeSince).sort((a, b) => a - b)
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1200)
    expect(await versionsOf(before)).toEqual(['2 online', '2 online', '2 online'])
  })

  test.each(['cluster', 'fork'] as const)('stops at the first that does not come up (%s)', async (mode) => {
    const before = await started({ mode })
    const bad = web(before.name, { V: '2', HOW: 'exit' }, { mode })
    const told = await messageOf(bench.settle(bad))
    expect(told).toMatch(/number \d+ was updated and does not come up: errored \(exit code \d\)/)
    // PM2 loses what a worker of a cluster prints in its very end.
    if (mode === 'fork') expect(told).toContain('it said last: Error: no database')
    const stuck = ['1 online', '1 online', '2 errored']
    expect((await versionsOf(before)).sort()).toEqual(stuck)
    expect(await bench.assess(bad)).toMatchObject({
      status: 'Degraded',
      reason: 'RolloutStuck',
      message: expect.stringMatching(/of 3 instances 1 was updated.*2 go on as before/),
    })

    // Each further try is about the bad one alone.
    const old = (await recordsOf(before)).filter(({ env }) => env.V === '1').map(({ pid }) => pid)
    const again = await bench.plan(bad)
    expect(again).toMatchObject([{ type: 'revive', verb: 'update', isRecovery: true, pmIds: { length: 1 } }])
    expect(again[0]?.changes.map(({ path }) => path)).toEqual(['env.V', 'env.HOW'])
    for (const action of again) await bench.apply(action)
    await expect(bench.settle(bad)).rejects.toMatchObject({ code: 'RolloutStuck' })
    expect((await versionsOf(before)).sort()).toEqual(stuck)
    expect((await recordsOf(before)).filter(({ env }) => env.V === '1').map(({ pid }) => pid)).toEqual(old)

    // What is declared anew is taken up at once, and reaches all of them.
    const mended = web(before.name, { V: '3' }, { mode })
    await bench.settle(mended)
    expect(await versionsOf(before)).toEqual(['3 online', '3 online', '3 online'])
    expect(await bench.plan(mended)).toEqual([])
  })

  test.each([
    { what: 'says that it is ready', spec: { waitReady: true }, told: 'did not say that it is ready' },
    {
      what: 'listens at a port that is probed',
      spec: { health: { tcp: { port: 9 } } },
      told: 'did not listen',
    },
  ])('stops at the first that never $what', async ({ spec, told }) => {
    const before = await started({ waitReady: spec.waitReady ?? false })
    const bad = web(before.name, { V: '2', HOW: 'silent' }, spec)
    const message = await messageOf(bench.settle(bad))
    expect(message).toContain(`does not come up: it runs and ${told} within listenTimeout, 1s`)
    // PM2 7 lists it as launching for a moment longer.
    const isStuck = async () => (await versionsOf(before)).sort().join() === '1 online,1 online,2 online'
    await eventually('only one is of the new version', isStuck)
    expect(await bench.assess(bad)).toMatchObject({ status: 'Degraded', reason: 'RolloutStuck' })
    const pids = await pidsByVersion(before)

    // Whoever comes later knows it too; that one alone is tried anew.
    await bench.close()
    const again = await bench.plan(bad)
    expect(again).toMatchObject([{ type: 'revive', verb: 'update', isRecovery: true, pmIds: { length: 1 } }])
    for (const action of again) await bench.apply(action)
    await eventually('only one is of the new version', isStuck)
    const after = await pidsByVersion(before)
    expect(after['1']).toEqual(pids['1'])
    expect(after['2']).not.toEqual(pids['2'])
    expect(await bench.plan(bad)).toMatchObject([{ type: 'revive' }])

    const mended = web(before.name, { V: '3' }, spec)
    await bench.settle(mended)
    expect(await versionsOf(before)).toEqual(['3 online', '3 online', '3 online'])
    expect(await bench.plan(mended)).toEqual([])
  })

  test('of workers that never listen, and of which nobody says that they do, goes through', async () => {
    const before = await started()
    await bench.settle(web(before.name, { V: '2', HOW: 'silent' }))
    expect(await versionsOf(before)).toEqual(['2 online', '2 online', '2 online'])
  })

  test('of workers that never listen, and of which nobody says how soon they do, goes through', async () => {
    const before = await started({ instances: 2 })
    const probed = web(before.name, { V: '2', HOW: 'silent' }, { instances: 2, health: { tcp: { port: 9 } } })
    const { listenTimeout, ...spec } = probed.spec
    await bench.settle({ ...probed, spec })
    expect(await versionsOf(before)).toEqual(['2 online', '2 online'])
  })

  test('goes on when the one that was down is well again, whoever made it so', async () => {
    const before = await started()
    const bad = web(before.name, { V: '2', HOW: 'exit' })
    await expect(bench.settle(bad)).rejects.toMatchObject({ code: 'RolloutStuck' })
    await writeFile(join(daemon.folder, 'web.cjs'), script.replace("'exit'", "'never'"))
    try {
      for (const action of await bench.plan(bad)) await bench.apply(action)
      expect((await bench.settle(bad)).map(({ type }) => type)).toEqual(['reload'])
      expect(await versionsOf(before)).toEqual(['2 online', '2 online', '2 online'])
    } finally {
      await writeFile(join(daemon.folder, 'web.cjs'), script)
    }
  })

  test('takes one that PM2 brings up in its second try for well', async () => {
    const before = await started()
    const file = join(daemon.folder, `${before.name}.tried.`)
    await bench.settle(web(before.name, { V: '2', HOW: 'once', FILE: file }))
    expect(await versionsOf(before)).toEqual(['2 online', '2 online', '2 online'])
  })

  test('changes those that do not run first, and waits for none of them', async () => {
    const before = await started()
    const [, , last] = await recordsOf(before)
    if (!last) throw new Error('Expected three')
    await daemon.client.stop({ pmId: last.pmId, name: last.name })
    const bad = web(before.name, { V: '2', HOW: 'exit' })
    await expect(bench.settle(bad)).rejects.toMatchObject({ code: 'RolloutStuck' })
    expect(await versionsOf(before)).toEqual(['1 online', '1 online', '2 errored'])
  })
})
