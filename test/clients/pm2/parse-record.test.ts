import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRecord } from '../../../src/clients/pm2/parse-record.ts'

function record(env: Record<string, unknown>, entry: Record<string, unknown> = {}) {
  return parseRecord({ pm_id: 3, name: 'api', pid: 99, pm2_env: env, ...entry })
}

describe('a record of the daemon', () => {
  test('with nothing but an id and a name has PM2 defaults and no guesses', () => {
    expect(parseRecord({ pm_id: 0, name: 'x', pm2_env: {} })).toMatchObject({
      pmId: 0,
      pid: undefined,
      status: 'unknown',
      namespace: 'default',
      mode: 'fork',
      args: [],
      env: {},
      autorestart: true,
      watch: false,
      mergeLogs: false,
      maxRestarts: undefined,
      exitCode: undefined,
      monit: { memoryBytes: 0, cpuPercent: 0 },
      reconciled: undefined,
    })
  })

  test('keeps numbers that were stored as text', () => {
    const env = {
      max_restarts: '7',
      kill_timeout: '3000',
      pm_uptime: '12',
      restart_time: '4',
      min_uptime: '',
    }
    const numbers = {
      maxRestarts: 7,
      killTimeout: 3000,
      uptimeSince: 12,
      restartTime: 4,
      minUptime: undefined,
    }
    expect(record(env)).toMatchObject(numbers)
    expect(record({ stop_exit_codes: [0, '2'] })?.stopExitCodes).toEqual([0, 2])
  })

  test.each<[Record<string, unknown>, Record<string, unknown>, string]>([
    [{ autorestart: 'false' }, { autorestart: false }, 'a boolean as text'],
    [{ wait_ready: 'true' }, { waitReady: true }, 'a boolean as text'],
    [{ watch: [] }, { watch: true }, 'an empty list watches the folder'],
    [{ watch: ['src', 'lib'] }, { watch: ['src', 'lib'] }, 'a list'],
    [{ watch: 'src' }, { watch: ['src'] }, 'one path'],
    [{ watch: 'false' }, { watch: false }, 'a boolean as text'],
    [{ ignore_watch: 'tmp' }, { ignoreWatch: ['tmp'] }, 'one path'],
    [{ args: 'x' }, { args: ['x'] }, 'one argument'],
    [{ cron_restart: 0 }, { cronRestart: undefined }, 'a cron that was taken away'],
    [{ cron_restart: '0' }, { cronRestart: undefined }, 'a cron that was taken away'],
    [{ exec_mode: 'cluster_mode' }, { mode: 'cluster' }, 'the mode'],
    [{ disable_source_map_support: true }, { sourceMapSupport: false }, 'the field of PM2 7'],
    [{ source_map_support: 'false' }, { sourceMapSupport: false }, 'the field of PM2 6'],
    [{ NODE_APP_INSTANCE: 2 }, { instance: 2 }, 'the number of the instance'],
    [{ instance_var: 'SLOT', SLOT: 5 }, { instance: 5 }, 'the number under a name of its own'],
    [{ status: 'one-launch-status' }, { status: 'one-launch-status' }, 'a rare status'],
    [{ status: 'dreaming' }, { status: 'dreaming' }, 'a status that nobody knows'],
    [{ env: { A: 1, B: true, C: 'x', D: { e: 1 } } }, { env: { A: '1', B: 'true', C: 'x' } }, 'scalars'],
    [{ created_at: null }, { createdAt: undefined }, 'what a daemon forgets when it gives up'],
  ])('%j is read as %j (%s)', (env, expected) => {
    expect(record(env)).toMatchObject(expected)
  })

  test('tells a process that will be started again from one that was given up', () => {
    expect(record({ status: 'waiting restart' })?.isWaitingForRestart).toBe(true)
    expect(record({ status: 'waiting restart' }, { pid: 0 })?.isWaitingForRestart).toBe(false)
    expect(record({ status: 'online' })?.isWaitingForRestart).toBe(false)
  })

  test('passes our own field and the raw fields on as they came', () => {
    const own = { hash: 'h1', nested: { list: [1, null] } }
    const found = record({ reconciled: own, unknown_field: 1 })
    expect(found?.reconciled).toEqual(own)
    expect(found?.raw.unknown_field).toBe(1)
  })

  test.each([[null], [1], ['x'], [[]], [{}], [{ pm_id: 'x', name: 'a' }], [{ pm_id: 1 }]])(
    '%j is none',
    (entry) => {
      expect(parseRecord(entry)).toBeUndefined()
    },
  )

  test('never throws, whatever a daemon sends', () => {
    const keys = fc.constantFrom(
      'args',
      'env',
      'watch',
      'status',
      'pm_id',
      'instance_var',
      'cron_restart',
      'stop_exit_codes',
      'exec_mode',
    )
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), fc.jsonValue(), (env, monit) => {
        expect(record(env, { monit })?.name).toBe('api')
      }),
    )
  })
})
