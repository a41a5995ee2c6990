import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, pm2Versions, startDaemon, type TestDaemon } from '../../support/pm2.ts'
import { Bench, declare, type Spec } from './bench.ts'

/** Adds a line for each run to the file in its first argument, and ends with the code in its second. */
const script = `
require('node:fs').appendFileSync(process.argv[2], 'run ' + process.env.V + '\\n')
process.exit(Number(process.argv[3] ?? 0))
`
/** Ends itself by the signal in its second argument; without one it runs until somebody ends it. */
const mortal = `
require('node:fs').appendFileSync(process.argv[2], 'run\\n')
if (process.argv[3]) process.kill(process.pid, process.argv[3])
setInterval(() => undefined, 1000)
`

describe.each(pm2Versions)('jobs of PM2 %i', (version) => {
  let daemon: TestDaemon
  let bench: Bench
  let count = 0

  beforeAll(async () => {
    daemon = await startDaemon(version)
    await writeFile(join(daemon.folder, 'job.cjs'), script)
    await writeFile(join(daemon.folder, 'mortal.cjs'), mortal)
    bench = new Bench({ folder: daemon.folder, home: daemon.home })
  })
  afterAll(async () => {
    await bench.close()
    await daemon.stop()
  })

  function job(spec: Partial<Spec>, exitCode = 0, again?: string) {
    if (again === undefined) count += 1
    const name = again ?? `j${count}`
    const log = join(daemon.folder, `${name}.log`)
    const desired = declare(
      name,
      { script: './job.cjs', autorestart: false, args: [log, String(exitCode)], ...spec },
      { folder: daemon.folder },
    )
    const runs = async () =>
      (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
    return { desired, runs, name }
  }
  const mortalJob = (signal: string, spec: Partial<Spec> = {}) => {
    const { desired, name, runs } = job({ script: './mortal.cjs', ...spec })
    const args = [join(daemon.folder, `${name}.log`), ...(signal === '' ? [] : [signal])]
    return { desired: { ...desired, spec: { ...desired.spec, args } }, name, runs }
  }
  const recordOf = async (name: string) => (await daemon.client.list()).find((record) => record.name === name)
  const ended = async (name: string) =>
    await eventually(`${name} ends`, async () => {
      const record = await recordOf(name)
      return record?.exitCode !== undefined && record.pid === undefined && record
    })

  test('a cron job is registered and not run, and is healthy', async () => {
    const { desired, runs, name } = job({ cron: '0 3 1 1 *', env: { V: '1' } })
    const actions = await bench.settle(desired)
    expect(actions.map(({ verb, summary }) => [verb, summary])).toEqual([
      ['create', 'register ./job.cjs, to run at "0 3 1 1 *"'],
    ])
    expect(await bench.plan(desired)).toEqual([])
    expect(await runs()).toEqual([])
    expect((await recordOf(name))?.status).toBe('stopped')
    const { status, reason, remedy } = await bench.assess(desired)
    expect([status, reason, remedy]).toEqual(['Healthy', 'Registered', undefined])
  })

  test('a changed cron job is registered anew and not run', async () => {
    const { desired, runs, name } = job({ cron: '0 3 1 1 *', env: { V: '1' } })
    await bench.settle(desired)
    const changed = job({ cron: '0 4 1 1 *', env: { V: '2' } }, 0, name).desired
    const plan = await bench.plan(changed)
    expect(plan.map(({ type, summary }) => [type, summary])).toEqual([['recreate', 'register anew']])
    await bench.settle(changed)
    expect(await bench.plan(changed)).toEqual([])
    expect((await recordOf(name))?.cronRestart).toBe('0 4 1 1 *')
    expect(await runs()).toEqual([])
  })

  test('a cron job runs when it fires, and stopped with exit code 0 is healthy', async () => {
    const { desired, runs, name } = job({ cron: '*/1 * * * * *', env: { V: '1' } })
    await bench.settle(desired)
    await eventually('it has run twice', async () => (await runs()).length >= 2)
    expect(await runs()).toEqual((await runs()).map(() => 'run 1'))
    await ended(name)
    expect(await bench.plan(desired)).toEqual([])
    expect((await bench.assess(desired)).status).toBe('Healthy')
  })

  test('a failed run of a cron job is shown, and nothing is run outside its schedule', async () => {
    const { desired, name } = job({ cron: '*/1 * * * * *' }, 4)
    await bench.settle(desired)
    await ended(name)
    const seen = await eventually('it is seen as failed', async () => {
      const assessment = await bench.assess(desired)
      return assessment.reason === 'LastRunFailed' && assessment
    })
    expect([seen.status, seen.remedy]).toEqual(['Degraded', undefined])
    expect(seen.message).toContain('exit code 4')
    expect(await bench.plan(desired)).toEqual([])
  })

  test('a cron job that still runs when it is due again is cut off, and that is shown until it ends by itself', async () => {
    const { desired, runs, name } = mortalJob('', { cron: '*/2 * * * * *' })
    await bench.settle(desired)
    const samples: { at: number; values: Record<string, number> }[] = []
    const look = async () => {
      const assessment = await bench.assess(desired, samples)
      const values = { ...assessment.measurements }
      // As a pass keeps them: at once where the restarts have changed, and else now and then.
      if (samples.at(-1)?.values.restarts !== values.restarts) samples.push({ at: Date.now(), values })
      return assessment
    }
    await eventually('it was begun three times', async () => {
      await look()
      return (await runs()).length >= 3
    })
    expect(await look()).toMatchObject({ status: 'Degraded', reason: 'RunCutOff' })
    // This one ends by itself at once.
    const quick = job({ cron: '*/2 * * * * *' }, 0, name).desired
    await bench.settle(quick)
    await ended(name)
    expect((await bench.assess(quick, samples)).status).toBe('Healthy')
  })

  test('a one-shot runs once, and is done though nothing of it is left', async () => {
    const { desired, runs, name } = job({ env: { V: '1' } })
    await bench.settle(desired)
    const record = await ended(name)
    expect([record.status, record.exitCode]).toEqual(['stopped', 0])
    const { status, reason } = await bench.assess(desired)
    expect([status, reason]).toEqual(['Healthy', 'Completed'])
    expect(await bench.plan(desired)).toEqual([])
    await daemon.cli('delete', name)
    expect(await bench.plan(desired)).toEqual([])
    expect((await bench.assess(desired)).status).toBe('Healthy')
    expect(await runs()).toEqual(['run 1'])
    const changed = job({ env: { V: '2' } }, 0, name).desired
    await bench.settle(changed)
    await ended(name)
    expect(await runs()).toEqual(['run 1', 'run 2'])
  })

  test('a one-shot with new sources runs again, also where nothing of it is left', async () => {
    const sources = join(daemon.folder, 'migrations.sql')
    await writeFile(sources, 'create table a')
    const { desired, runs, name } = job({ sources: ['./migrations.sql'] })
    await bench.settle(desired)
    await ended(name)
    expect((await bench.assess(desired)).reason).toBe('Completed')
    await daemon.cli('delete', name)
    expect(await bench.plan(desired)).toEqual([])
    await writeFile(sources, 'create table a; create table b')
    expect((await bench.assess(desired)).status).toBe('Missing')
    await bench.settle(desired)
    await ended(name)
    expect(await runs()).toHaveLength(2)
    expect((await bench.assess(desired)).reason).toBe('Completed')
  })

  test('a changed one-shot that is still listed runs again', async () => {
    const { desired, runs, name } = job({ env: { V: '1' } })
    await bench.settle(desired)
    await ended(name)
    const changed = job({ env: { V: '2' } }, 0, name).desired
    expect((await bench.settle(changed)).map(({ summary }) => summary)).toEqual(['run again'])
    await eventually('it ran again', async () => (await runs()).length === 2)
    await ended(name)
    expect(await bench.plan(changed)).toEqual([])
    expect(await runs()).toEqual(['run 1', 'run 2'])
  })

  test('a failed one-shot is unhealthy, and running it again is a recovery', async () => {
    const { desired, runs, name } = job({ env: { V: '1' } }, 2)
    await bench.settle(desired)
    await ended(name)
    const { status, reason, remedy, message } = await bench.assess(desired)
    expect([status, reason]).toEqual(['Degraded', 'Failed'])
    expect(message).toContain('exit code 2')
    expect([remedy?.verb, remedy?.isRecovery]).toEqual(['run', true])
    if (!remedy) throw new Error('Expected a remedy')
    await bench.apply(remedy)
    await eventually('it ran again', async () => (await runs()).length === 2)
  })

  test.each([
    ['a failed one-shot with a restart delay', { restartDelay: '50ms' }],
    ['a failed one-shot that PM2 would call errored', { maxRestarts: 0 }],
  ])('%s is seen as ended', async (_, spec) => {
    const { desired, name } = job(spec, 3)
    await bench.settle(desired)
    await ended(name)
    expect((await bench.assess(desired)).reason).toBe('Failed')
  })

  describe('PM2 says exit code 0 of what a signal ended', () => {
    test('a one-shot that was killed has failed, is run again, and never counts as done', async () => {
      const { desired, name, runs } = mortalJob('SIGKILL')
      await bench.settle(desired)
      expect((await ended(name)).exitCode).toBe(0)
      const { status, reason, message, remedy, children } = await bench.assess(desired)
      expect([status, reason, message]).toEqual(['Degraded', 'Failed', 'was ended by SIGKILL'])
      expect(children.map((child) => child.message)).toEqual(['stopped (ended by SIGKILL)'])
      if (!remedy) throw new Error('Expected a remedy')
      await bench.apply(remedy)
      await eventually('it ran again', async () => (await runs()).length === 2)
      await daemon.cli('delete', name)
      expect((await bench.plan(desired)).map(({ type }) => type)).toEqual(['start'])
    })

    test('a one-shot that somebody stopped is not done', async () => {
      const { desired, name, runs } = mortalJob('')
      await bench.settle(desired)
      await eventually('it runs', async () => (await runs()).length === 1)
      await daemon.cli('stop', name)
      expect((await ended(name)).exitCode).toBe(0)
      expect(await bench.assess(desired)).toMatchObject({
        status: 'Degraded',
        message: 'was stopped before it had ended by itself',
      })
    })

    test('a cron job that was killed has failed', async () => {
      const { desired, name } = mortalJob('SIGSEGV', { cron: '*/1 * * * * *' })
      await bench.settle(desired)
      await ended(name)
      const seen = await eventually('it is seen as failed', async () => {
        const assessment = await bench.assess(desired)
        return assessment.reason === 'LastRunFailed' && assessment
      })
      expect([seen.status, seen.message]).toEqual([
        'Degraded',
        expect.stringContaining('was ended by SIGSEGV'),
      ])
    })

    test('a daemon that may end with exit code 0 is started again when it was killed', async () => {
      const { desired, name } = mortalJob('', { autorestart: true, stopExitCodes: [0] })
      await bench.settle(desired)
      const { pid } = await eventually('it runs', async () => {
        const record = await recordOf(name)
        return record?.pid !== undefined && record
      })
      process.kill(pid ?? 0, 'SIGKILL')
      await eventually('PM2 leaves it down', async () => (await recordOf(name))?.status === 'stopped')
      expect(await bench.assess(desired)).toMatchObject({ status: 'Degraded', reason: 'Stopped' })
      expect((await bench.plan(desired)).map(({ type }) => type)).toEqual(['revive'])
    })
  })
})
