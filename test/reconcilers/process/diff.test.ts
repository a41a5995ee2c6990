import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import type { ProcessAction } from '../../../src/reconcilers/process/action.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { declare, type Spec } from './bench.ts'
import { created, observed, ownedAs, pairOf, record } from './model.ts'

const folder = '/srv/manifests'
const api = (spec: Partial<Spec> = {}) => declare('api', { script: './api.mjs', ...spec }, { folder })
const shown = (actions: readonly ProcessAction[]) =>
  actions.map(({ type, verb, summary, reason, changes }) => ({ type, verb, summary, reason, changes }))

describe('normal forms', () => {
  test.each<[string, Partial<Spec>, Readonly<Record<string, unknown>>]>([
    ['a relative script', { script: '../x/./a.mjs' }, { script: '/srv/x/a.mjs' }],
    ['a program', { script: 'sleep' }, { script: 'sleep' }],
    ['a working folder', { cwd: '..' }, { cwd: '/srv' }],
    ['an interpreter on PATH', { interpreter: 'node' }, { interpreter: 'node' }],
    [
      'an interpreter by path',
      { interpreter: './venv/bin/python' },
      { interpreter: '/srv/manifests/venv/bin/python' },
    ],
    ['no interpreter', { interpreter: 'none' }, { interpreter: 'none' }],
    ['a size', { maxMemory: '512M' }, { maxMemory: 536_870_912 }],
    ['durations', { minUptime: '1m30s', killTimeout: '5s' }, { minUptime: 90_000, killTimeout: 5000 }],
    ['white space in a cron', { cron: ' 0  3 * * * ' }, { cron: '0 3 * * *' }],
    ['max instances', { instances: 'max' }, { instances: 'max' }],
    ['exit codes', { stopExitCodes: [143, 0] }, { stopExitCodes: [0, 143] }],
    ['timestamps', { logs: { timestamps: true } }, { 'logs.timestamps': 'YYYY-MM-DDTHH:mm:ss' }],
    ['no timestamps', { logs: { timestamps: false } }, { 'logs.timestamps': null }],
    ['log files', { logs: { out: '../logs/a.log' } }, { 'logs.out': '/srv/logs/a.log' }],
    ['variables', { env: { A: '1' } }, { 'env.A': '1' }],
  ])('%s', (_, spec, expected) => {
    const { script, ...fields } = reconciler.fields(api(spec))
    const values = Object.fromEntries(
      Object.entries('script' in spec ? { script, ...fields } : fields).map(([path, field]) => [
        path,
        field?.value,
      ]),
    )
    expect(values).toEqual(expected)
  })

  test('a secret is kept by its digest alone', () => {
    const secret = Secret.read('fromEnv API_KEY', 'canary', 'digest')
    expect(reconciler.fields(api({ env: { X: secret } }))['env.X']).toEqual({
      value: 'digest',
      sensitive: true,
    })
  })
})

describe('actions', () => {
  test.each<[string, Partial<Spec>, Readonly<Record<string, unknown>>, readonly unknown[]]>([
    [
      'a field that nobody declares is left alone',
      {},
      { max_memory_restart: 5, args: ['x'], namespace: 'other' },
      [],
    ],
    [
      'numbers that PM2 keeps as text are numbers',
      { maxRestarts: 7, killTimeout: '3s' },
      { max_restarts: '7', kill_timeout: '3000' },
      [],
    ],
    ['a default that PM2 does not spell out', { maxRestarts: 16, autorestart: true, mode: 'fork' }, {}, []],
    ['a boolean variable that PM2 keeps as one', { env: { N: '42', B: 'true' } }, { N: 42, B: true }, []],
    [
      'a variable that another one set',
      { env: { LEVEL: 'info' } },
      { LEVEL: 'debug' },
      [{ path: 'env.LEVEL', before: 'debug', after: 'info', sensitive: false }],
    ],
    [
      'a variable that is missing',
      { env: { L: 'i' } },
      {},
      [{ path: 'env.L', before: undefined, after: 'i', sensitive: false }],
    ],
    [
      'a secret that was not read, and is not there whatever it is',
      { env: { TOKEN: Secret.unread('fromCommand print-token') } },
      {},
      [{ path: 'env.TOKEN', sensitive: true, note: 'not read in a dry run' }],
    ],
    [
      'a secret that was not read, and of which nobody knows whether it differs',
      { env: { TOKEN: Secret.unread('fromCommand print-token') } },
      { TOKEN: 'canary' },
      [],
    ],
    [
      'a variable with the name of a secret',
      { env: { DB_PASSWORD: 'b' } },
      { DB_PASSWORD: 'a' },
      [{ path: 'env.DB_PASSWORD', sensitive: true }],
    ],
    [
      'an address with a password, wherever it stands',
      { env: { DB: 'postgres://db' } },
      { DB: 'postgres://u:pw@db' },
      [{ path: 'env.DB', sensitive: true }],
    ],
    [
      'two fields are two changes',
      { args: ['a'], killTimeout: '5s' },
      { args: ['b'] },
      [
        { path: 'args', before: ['b'], after: ['a'], sensitive: false },
        { path: 'killTimeout', before: 1600, after: 5000, sensitive: false },
      ],
    ],
  ])('%s', (_, spec, fields, changes) => {
    const desired = api(spec)
    const actions = reconciler.diff(pairOf(desired, observed([record(fields)]), { owned: ownedAs(api()) }))
    expect(actions.flatMap((action) => action.changes)).toEqual(changes)
  })

  test.each<[string, Partial<Spec>, Partial<Spec>, string]>([
    ['fork mode restarts', { args: ['a'] }, { args: ['b'] }, 'restart'],
    ['cluster mode reloads', { mode: 'cluster', args: ['a'] }, { mode: 'cluster', args: ['b'] }, 'reload'],
    [
      'cluster mode restarts where that is declared',
      { mode: 'cluster', args: ['a'] },
      { mode: 'cluster', args: ['b'], update: 'restart' },
      'restart',
    ],
    [
      'a cron is not changed by a reload',
      { mode: 'cluster' },
      { mode: 'cluster', cron: '0 3 * * *' },
      'restart',
    ],
    ['a mode is not changed by a reload', { mode: 'cluster' }, { mode: 'fork' }, 'restart'],
    ['a watcher is only made with its process', { watch: true }, { watch: false }, 'recreate'],
    ['the argument "null" is one that PM2 would delete', { args: ['a'] }, { args: ['null'] }, 'recreate'],
    [
      'a cron job is not run by a change',
      { autorestart: false, cron: '0 3 * * *' },
      { autorestart: false, cron: '0 4 * * *' },
      'recreate',
    ],
  ])('%s', (_, before, after, type) => {
    const pair = pairOf(api(after), observed([created(api(before))]), { owned: ownedAs(api(before)) })
    expect(reconciler.diff(pair).map((action) => action.type)).toEqual([type])
  })

  test('reads as a person would say it', () => {
    const before = api({ env: { LEVEL: 'info' } })
    const after = api({ instances: 2, env: { LEVEL: 'debug' } })
    const pair = pairOf(after, observed([created(before)]), { owned: ownedAs(before) })
    expect(shown(reconciler.diff(pair))).toEqual([
      {
        type: 'restart',
        verb: 'update',
        summary: 'restart',
        reason: 'declared otherwise',
        changes: [{ path: 'env.LEVEL', before: 'info', after: 'debug', sensitive: false }],
      },
      {
        type: 'scale-up',
        verb: 'update',
        summary: 'start 1 instance',
        reason: 'the number of instances differs',
        changes: [{ path: 'instances', before: 1, after: 2, sensitive: false }],
      },
    ])
  })

  test('starts what is not there, with as many instances as processors for max', () => {
    expect(shown(reconciler.diff(pairOf(api({ instances: 'max' }), observed([]))))).toEqual([
      {
        type: 'start',
        verb: 'create',
        summary: 'start ./api.mjs, 4 instances',
        reason: 'not running',
        changes: [],
      },
    ])
  })

  test('is blocked where there is nothing to start', () => {
    const seen = observed([], { missing: 'its script /srv/manifests/api.mjs does not exist' })
    expect(reconciler.diff(pairOf(api(), seen)).map(({ blocked }) => blocked)).toEqual([
      { reason: 'ScriptMissing', message: 'its script /srv/manifests/api.mjs does not exist' },
    ])
  })

  test('a process that ended with a code of stopExitCodes is left in peace', () => {
    const desired = api({ stopExitCodes: [0] })
    const ended = (code: number) =>
      record({ status: 'stopped', pid: 0, exit_code: code, stop_exit_codes: [0] })
    const actions = (code: number) =>
      reconciler.diff(pairOf(desired, observed([ended(code)]), { owned: ownedAs(desired) }))
    expect(actions(0)).toEqual([])
    expect(actions(1).map(({ type }) => type)).toEqual(['revive'])
  })

  test('one of two instances that differs is the one that is changed', () => {
    const desired = api({ instances: 2, args: ['a'] })
    const records = [created(desired, 0), record({ args: ['b'], name: 'api' }, 1)]
    const [action] = reconciler.diff(pairOf(desired, observed(records), { owned: ownedAs(desired) }))
    expect([action?.type, action?.pmIds]).toEqual(['restart', [1]])
  })
})

test('what is to go is not changed before it goes', () => {
  const two = [record({ pm_id: 0 }), record({ pm_id: 1 })]
  const desired = api({ mode: 'cluster', instances: 1 })
  const actions = reconciler.diff(pairOf(desired, observed(two), { owned: ownedAs(api({ instances: 2 })) }))
  expect(actions.map(({ type }) => type)).toEqual(['scale-down', 'restart'])
})

describe('the time that an action may take', () => {
  const minute = 60_000
  const limitOf = (spec: Partial<Spec>, records: ReturnType<typeof record>[], type: string) => {
    const desired = api(spec)
    const pair = pairOf(desired, observed(records), { owned: ownedAs(desired) })
    return reconciler.diff(pair).find((action) => action.type === type)?.timeLimit
  }
  const worker = (pmId: number) => record({ kill_timeout: 3 * minute, env: { V: 'old' } }, pmId)

  test('is as long as PM2 waits for what ends slowly, one after the other', () => {
    const changed = { killTimeout: '3m', env: { V: 'new' } }
    expect(limitOf(changed, [worker(0)], 'restart')).toBeGreaterThan(6 * minute)
    expect(limitOf(changed, [worker(0), worker(1)], 'restart')).toBeGreaterThan(12 * minute)
  })

  test('counts what it takes until a shorter one counts', () => {
    expect(limitOf({ killTimeout: '1s' }, [worker(0)], 'restart')).toBeGreaterThan(6 * minute)
  })

  test('is as long as PM2 waits for those that are started', () => {
    expect(limitOf({ waitReady: true, listenTimeout: '2m', instances: 4 }, [], 'start')).toBeGreaterThan(
      8 * minute,
    )
  })
})
