import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pm2Record } from '../../../src/clients/pm2/process-record.ts'
import { parseDuration } from '../../../src/core/duration.ts'
import { parseSize } from '../../../src/core/size.ts'
import { eventually, pm2Versions, startDaemon, type TestDaemon } from '../../support/pm2.ts'
import { Bench, type Desired, declare, makeScripts, readTold, type Spec, type Told } from './bench.ts'

/** What a field does to the process itself, or to what PM2 keeps of it where the process cannot see it. */
interface Sight {
  readonly told: Told
  readonly record: Pm2Record
}

interface FieldCase {
  readonly path: string
  /** Besides the script, what the case needs. */
  readonly also?: Partial<Spec>
  readonly first: Partial<Spec>
  readonly second: Partial<Spec>
  /** What is seen of it: under the first, the second, and where it is no longer declared. */
  readonly seen: readonly [unknown, unknown, unknown]
  look(sight: Sight): unknown
  /** Undefined: the field cannot be left out. */
  readonly isRequired?: boolean
}

const kept =
  (field: keyof Pm2Record): FieldCase['look'] =>
  ({ record }) =>
    record[field]

/** Every field of a Process that PM2 keeps, and what of it reaches the process. `@` is the folder of the manifest. */
const cases: readonly FieldCase[] = [
  {
    path: 'script',
    first: { script: './tattle.cjs' },
    second: { script: './tattle2.cjs' },
    seen: ['@/tattle.cjs', '@/tattle2.cjs', undefined],
    look: ({ told }) => told.script,
    isRequired: true,
  },
  {
    path: 'args',
    first: { args: ['--port', '80'] },
    second: { args: ['--say', 'x y', 'null', '"q"', '$HOME'] },
    seen: [['--port', '80'], ['--say', 'x y', 'null', '"q"', '$HOME'], []],
    look: ({ told }) => told.argv,
  },
  {
    path: 'args',
    first: { args: ['one'] },
    second: { args: ['null'] },
    seen: [['one'], ['null'], []],
    look: ({ told }) => told.argv,
  },
  {
    path: 'cwd',
    first: { cwd: './other' },
    second: { cwd: './third' },
    seen: ['@/other', '@/third', '@'],
    look: ({ told }) => told.cwd,
  },
  {
    path: 'interpreter',
    first: { interpreter: 'node' },
    second: { interpreter: './bin/node' },
    seen: ['node', '@/bin/node', 'node'],
    look: kept('interpreter'),
  },
  {
    path: 'interpreterArgs',
    first: { interpreterArgs: ['--max-old-space-size=64'] },
    second: { interpreterArgs: ['--max-old-space-size=96', '--trace-warnings'] },
    seen: [['--max-old-space-size=64'], ['--max-old-space-size=96', '--trace-warnings'], []],
    look: ({ told }) => told.execArgv,
  },
  {
    path: 'mode',
    first: { mode: 'fork' },
    second: { mode: 'cluster' },
    seen: ['fork_mode', 'cluster_mode', 'fork_mode'],
    look: ({ told }) => told.env.exec_mode,
  },
  {
    path: 'env.LEVEL',
    first: { env: { LEVEL: 'info' } },
    second: { env: { LEVEL: 'debug "x"' } },
    seen: ['info', 'debug "x"', undefined],
    look: ({ told }) => told.env.LEVEL,
  },
  {
    path: 'env.EMPTY',
    first: { env: { EMPTY: '' } },
    second: { env: { EMPTY: 'null' } },
    seen: ['', 'null', undefined],
    look: ({ told }) => told.env.EMPTY,
  },
  {
    path: 'env.TZ',
    first: { env: { TZ: 'Europe/Berlin' } },
    second: { env: { TZ: 'Asia/Tokyo' } },
    seen: ['Europe/Berlin', 'Asia/Tokyo', undefined],
    look: ({ told }) => told.env.TZ,
  },
  {
    path: 'maxMemory',
    first: { maxMemory: '512M' },
    second: { maxMemory: '1G' },
    seen: [parseSize('512M'), parseSize('1G'), undefined],
    look: kept('maxMemoryRestart'),
  },
  {
    path: 'cron',
    first: { cron: '0 3 1 1 *' },
    second: { cron: '30 0 4  1 1 *' },
    seen: ['0 3 1 1 *', '30 0 4 1 1 *', undefined],
    look: kept('cronRestart'),
  },
  {
    path: 'autorestart',
    first: { autorestart: true },
    second: { autorestart: false },
    seen: [true, false, true],
    look: kept('autorestart'),
  },
  {
    path: 'maxRestarts',
    first: { maxRestarts: 5 },
    second: { maxRestarts: 7 },
    seen: [5, 7, undefined],
    look: kept('maxRestarts'),
  },
  {
    path: 'minUptime',
    first: { minUptime: '2s' },
    second: { minUptime: '1m30s' },
    seen: [2000, 90_000, undefined],
    look: kept('minUptime'),
  },
  {
    path: 'restartDelay',
    first: { restartDelay: '100ms' },
    second: { restartDelay: '2s' },
    seen: [100, 2000, undefined],
    look: kept('restartDelay'),
  },
  {
    path: 'restartDelay',
    first: { restartDelay: '0s' },
    second: { restartDelay: '100ms' },
    seen: [undefined, 100, undefined],
    look: kept('restartDelay'),
  },
  {
    path: 'expBackoffRestartDelay',
    first: { expBackoffRestartDelay: '100ms' },
    second: { expBackoffRestartDelay: '200ms' },
    seen: [100, 200, undefined],
    look: kept('expBackoffRestartDelay'),
  },
  {
    path: 'killTimeout',
    first: { killTimeout: '2s' },
    second: { killTimeout: '3s' },
    seen: [2000, 3000, undefined],
    look: kept('killTimeout'),
  },
  {
    path: 'listenTimeout',
    first: { listenTimeout: '2s' },
    second: { listenTimeout: '4s' },
    seen: [2000, 4000, undefined],
    look: kept('listenTimeout'),
  },
  {
    path: 'waitReady',
    first: { waitReady: false },
    second: { waitReady: true },
    seen: [false, true, false],
    look: kept('waitReady'),
  },
  {
    path: 'stopExitCodes',
    first: { stopExitCodes: [3] },
    second: { stopExitCodes: [143, 4] },
    seen: [[3], [4, 143], []],
    look: ({ record }) => [...record.stopExitCodes].sort((a, b) => a - b),
  },
  {
    path: 'watch',
    first: { watch: ['other'] },
    second: { watch: ['third', '*.txt'] },
    seen: [['other'], ['third', '*.txt'], false],
    look: kept('watch'),
  },
  {
    path: 'watchIgnore',
    also: { watch: ['other'] },
    first: { watchIgnore: ['a'] },
    second: { watchIgnore: ['b', 'c'] },
    seen: [['a'], ['b', 'c'], []],
    look: kept('ignoreWatch'),
  },
  {
    path: 'sourceMaps',
    first: { sourceMaps: true },
    second: { sourceMaps: false },
    seen: [true, false, true],
    look: ({ record }) => record.sourceMapSupport ?? true,
  },
  {
    path: 'logs.out',
    first: { logs: { out: './logs/a.log' } },
    second: { logs: { out: './logs/b.log' } },
    seen: ['@/logs/a.log', '@/logs/b.log', true],
    look: ({ record }) => (record.outLogPath?.includes('/h/logs/') ? true : record.outLogPath),
  },
  {
    path: 'logs.error',
    also: { logs: { merge: false } },
    first: { logs: { merge: false, error: './logs/a.err.log' } },
    second: { logs: { merge: false, error: './logs/b.err.log' } },
    seen: ['@/logs/a.err-#.log', '@/logs/b.err-#.log', true],
    look: ({ record }) => (record.errLogPath?.includes('/h/logs/') ? true : record.errLogPath),
  },
  {
    path: 'logs.merge',
    also: { logs: { out: './logs/m.log' } },
    first: { logs: { out: './logs/m.log', merge: true } },
    second: { logs: { out: './logs/m.log', merge: false } },
    seen: ['@/logs/m.log', '@/logs/m-#.log', '@/logs/m.log'],
    look: kept('outLogPath'),
  },
  {
    path: 'logs.timestamps',
    first: { logs: { timestamps: true } },
    second: { logs: { timestamps: 'YYYY' } },
    seen: ['YYYY-MM-DDTHH:mm:ss', 'YYYY', undefined],
    look: kept('logDateFormat'),
  },
  {
    path: 'namespace',
    first: { namespace: 'one' },
    second: { namespace: 'two' },
    seen: ['one', 'two', 'default'],
    look: kept('namespace'),
  },
]

/** The same process as somebody writes it in PM2's own configuration file. */
function ecosystemOf(name: string, spec: Spec, folder: string): Readonly<Record<string, unknown>> {
  const ms = (text: string | undefined) => (text === undefined ? undefined : parseDuration(text))
  return {
    name,
    script: join(folder, spec.script),
    args: spec.args,
    cwd: join(folder, spec.cwd ?? '.'),
    interpreter: spec.interpreter ?? 'node',
    node_args: spec.interpreterArgs,
    exec_mode: spec.mode ?? 'fork',
    env: spec.env,
    max_memory_restart: spec.maxMemory,
    cron_restart: spec.cron,
    autorestart: spec.autorestart,
    max_restarts: spec.maxRestarts,
    min_uptime: ms(spec.minUptime),
    restart_delay: ms(spec.restartDelay),
    exp_backoff_restart_delay: ms(spec.expBackoffRestartDelay),
    kill_timeout: ms(spec.killTimeout),
    listen_timeout: ms(spec.listenTimeout),
    wait_ready: spec.waitReady,
    stop_exit_codes: spec.stopExitCodes,
    watch: spec.watch,
    ignore_watch: spec.watchIgnore,
    disable_source_map_support: spec.sourceMaps === undefined ? undefined : !spec.sourceMaps,
    out_file: spec.logs?.out && join(folder, spec.logs.out),
    error_file: spec.logs?.error && join(folder, spec.logs.error),
    merge_logs: spec.logs?.merge,
    time: spec.logs?.timestamps === true ? true : undefined,
    log_date_format: typeof spec.logs?.timestamps === 'string' ? spec.logs.timestamps : undefined,
    namespace: spec.namespace,
  }
}

describe.each(pm2Versions)('every field against PM2 %i', (version) => {
  let daemon: TestDaemon
  let bench: Bench

  beforeAll(async () => {
    daemon = await startDaemon(version)
    await makeScripts(daemon.folder)
    await mkdir(join(daemon.folder, 'third'))
    await mkdir(join(daemon.folder, 'bin'))
    await symlink(process.execPath, join(daemon.folder, 'bin', 'node'))
    bench = new Bench({ folder: daemon.folder, home: daemon.home })
  })
  afterAll(async () => {
    await bench.close()
    await daemon.stop()
  })

  /** Waits until the process that PM2 lists now has said what it sees. */
  async function sight(desired: Desired, file: string): Promise<Sight> {
    return await eventually(`${desired.name} says what it sees`, async () => {
      const record = (await daemon.client.list()).find(({ name }) => name === desired.name)
      const told = await readTold(file)
      return record?.pid !== undefined && told?.pid === record.pid && { record, told }
    })
  }

  test.each(cases.map((one, index) => ({ ...one, index })))('$path ($index)', async (one) => {
    const { path, first, second, seen, look, also } = one
    const name = `f${one.index}`
    const file = join(daemon.folder, `${name}.json`)
    const make = (part: Partial<Spec>): Desired => {
      const { env, ...rest } = { script: './tattle.cjs', ...also, ...part }
      return declare(name, { ...rest, env: { TELL: file, ...env } }, { folder: daemon.folder })
    }
    const expected = (value: unknown, pmId: number) =>
      typeof value === 'string' ? value.replace('@', daemon.folder).replace('#', String(pmId)) : value
    const isSeen = async (desired: Desired, value: unknown) => {
      expect(await bench.plan(desired)).toEqual([])
      const { told, record } = await sight(desired, file)
      expect(look({ told, record })).toEqual(expected(value, record.pmId))
    }
    const paths = (actions: Awaited<ReturnType<Bench['plan']>>) =>
      actions.flatMap((action) => action.changes.map((change) => change.path))

    expect((await bench.settle(make(first))).map(({ type }) => type)).toEqual(['start'])
    await isSeen(make(first), seen[0])

    expect(paths(await bench.plan(make(second)))).toEqual([path])
    expect(paths(await bench.settle(make(second)))).toEqual([path])
    await isSeen(make(second), seen[1])

    // By hand, through PM2 itself: the same process as a configuration file has it, with the first value.
    const config = join(daemon.folder, `${name}.config.json`)
    await writeFile(config, JSON.stringify({ apps: [ecosystemOf(name, make(first).spec, daemon.folder)] }))
    await daemon.cli('delete', name)
    const started = await daemon.cli('start', config)
    expect(started.code, started.stdout + started.stderr).toBe(0)
    const drift = await bench.plan(make(second))
    expect(paths(drift)).toEqual([path])
    expect(drift.map(({ reason }) => reason)).toEqual(['drifted'])
    await bench.settle(make(second))
    await isSeen(make(second), seen[1])

    if (one.isRequired) return
    expect(paths(await bench.plan(make({})))).toEqual([path])
    await bench.settle(make({}))
    await isSeen(make({}), seen[2])
  })

  const paths = (actions: Awaited<ReturnType<Bench['plan']>>) =>
    actions.flatMap((action) => action.changes.map((change) => change.path))

  test('instances', async () => {
    const make = (part: Partial<Spec>) =>
      declare(
        'many',
        { script: './tattle.cjs', env: { TELL: join(daemon.folder, 'many.json') }, ...part },
        {
          folder: daemon.folder,
        },
      )
    const count = async () => (await daemon.client.list()).filter(({ name }) => name === 'many').length
    const isSettled = async (desired: Desired, wanted: number) => {
      expect(await bench.plan(desired)).toEqual([])
      expect(await count()).toBe(wanted)
    }
    await bench.settle(make({ instances: 2 }))
    await isSettled(make({ instances: 2 }), 2)
    for (const [instances, by] of [
      [3, '1'],
      [1, '2'],
    ] as const) {
      const desired = make({ instances })
      expect(paths(await bench.plan(desired))).toEqual(['instances'])
      expect(paths(await bench.settle(desired))).toEqual(['instances'])
      await isSettled(desired, instances)
      expect((await daemon.cli('scale', 'many', by)).code).toBe(0)
      expect(paths(await bench.plan(desired))).toEqual(['instances'])
      await bench.settle(desired)
      await isSettled(desired, instances)
    }
    await bench.settle(make({ instances: 2 }))
    expect(paths(await bench.settle(make({})))).toEqual(['instances'])
    await isSettled(make({}), 1)
  })

  test('sources', async () => {
    const file = join(daemon.folder, 'sourced.json')
    const make = (part: Partial<Spec>) =>
      declare('sourced', { script: './tattle.cjs', env: { TELL: file }, ...part }, { folder: daemon.folder })
    const pid = async () => (await daemon.client.list()).find(({ name }) => name === 'sourced')?.pid
    await mkdir(join(daemon.folder, 'sources'))
    await writeFile(join(daemon.folder, 'sources/a.txt'), '1')
    await bench.settle(make({ sources: ['./sources/*.txt'] }))
    await sight(make({}), file)
    expect(await bench.plan(make({ sources: ['./sources/*.txt'] }))).toEqual([])
    const first = await pid()
    // Somebody changes what it was started from: that is its drift, and a restart takes it in.
    for (const change of [
      () => writeFile(join(daemon.folder, 'sources/a.txt'), '2'),
      () => writeFile(join(daemon.folder, 'sources/b.txt'), '1'),
      () => rm(join(daemon.folder, 'sources/b.txt')),
    ]) {
      await change()
      expect(paths(await bench.plan(make({ sources: ['./sources/*.txt'] })))).toEqual(['sources'])
      expect(paths(await bench.settle(make({ sources: ['./sources/*.txt'] })))).toEqual(['sources'])
      expect(await bench.plan(make({ sources: ['./sources/*.txt'] }))).toEqual([])
    }
    const last = await pid()
    expect(last).not.toBe(first)
    // Who declares none looks at none: what runs is left alone.
    expect(await bench.plan(make({}))).toEqual([])
    expect(await pid()).toBe(last)
  })
})

/** Fields that no process can be asked for, each with where it is driven. */
const elsewhere: Readonly<Record<string, string>> = {
  name: 'another name is another process: test/engine/ownership.test.ts, test/conformance, test/e2e/lifecycle.test.ts',
  health: 'it judges and changes nothing that runs: probe.test.ts',
  update: 'it says how the other fields are changed: diff.test.ts',
  'logs.rotate': 'the controller rotates, PM2 knows nothing of it: watch.test.ts',
}

test('every field of the schema is driven here, or has a reason why not', async () => {
  const text = await readFile(new URL('../../../schemas/process.schema.json', import.meta.url), 'utf8')
  const { properties } = JSON.parse(text).$defs.spec as {
    properties: Record<string, { properties?: Record<string, unknown> }>
  }
  const logs = Object.keys(properties.logs?.properties ?? {}).map((field) => `logs.${field}`)
  const fields = [...Object.keys(properties).filter((field) => field !== 'logs'), ...logs]
  const driven = new Set([
    ...cases.map(({ path }) => (path.startsWith('env.') ? 'env' : path)),
    'instances',
    'sources',
    ...Object.keys(elsewhere),
  ])
  expect(fields.filter((field) => !driven.has(field))).toEqual([])
  expect([...driven].filter((field) => !fields.includes(field))).toEqual([])
})
