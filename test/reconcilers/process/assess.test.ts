import { describe, expect, test } from 'vitest'
import type { Sample } from '../../../src/core/sample.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import type { ProbeState } from '../../../src/reconcilers/process/observed.ts'
import { declare, type Spec } from './bench.ts'
import { observed, ownedAs, pairOf, record } from './model.ts'

const now = 10_000_000
const api = (spec: Partial<Spec> = {}) =>
  declare('api', { script: './api.mjs', ...spec }, { folder: '/srv/manifests' })
const up = (ms: number, fields: Readonly<Record<string, unknown>> = {}) =>
  record({ pm_uptime: now - ms, ...fields })

/** Samples of the restart count, as seconds before now and count. */
const counted = (...pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([seconds, restarts]) => ({ at: now - seconds * 1000, values: { restarts } }))

function assess(
  spec: Partial<Spec>,
  records: Parameters<typeof observed>[0],
  rest: { facts?: Parameters<typeof observed>[1]; samples?: readonly Sample[] } = {},
) {
  const desired = api(spec)
  const pair = pairOf(desired, observed(records, rest.facts), { owned: ownedAs(desired) })
  return reconciler.assess(pair, { now, samples: rest.samples ?? [] })
}

const probe = (state: Partial<ProbeState>): ProbeState => ({
  verdict: 'failed',
  failures: 0,
  hasPassed: true,
  at: now - 100,
  nextIn: 900,
  tookMs: 3,
  message: 'ECONNREFUSED',
  ...state,
})

describe('a daemon', () => {
  test.each<[string, Partial<Spec>, ReturnType<typeof record>, string, string]>([
    ['is healthy once it was up for minUptime', { minUptime: '5s' }, up(5000), 'Healthy', 'Online'],
    ['is starting before', { minUptime: '5s' }, up(4999), 'Progressing', 'Starting'],
    ['is starting in its first second where nothing is declared', {}, up(999), 'Progressing', 'Starting'],
    ['stopped', {}, record({ status: 'stopped', pid: 0 }), 'Degraded', 'Stopped'],
    ['given up', {}, record({ status: 'errored', pid: 0 }), 'Degraded', 'Errored'],
    [
      'given up with a delay set, which PM2 shows as waiting',
      {},
      record({ status: 'waiting restart', pid: 0 }),
      'Degraded',
      'Errored',
    ],
    ['waiting for its restart', {}, record({ status: 'waiting restart' }), 'Progressing', 'Restarting'],
    ['online without any process', {}, record({ pid: undefined }), 'Degraded', 'NoProcess'],
    ['launching', {}, record({ status: 'launching' }), 'Progressing', 'Launching'],
    [
      'ended as it may',
      { stopExitCodes: [0] },
      record({ status: 'stopped', pid: 0, exit_code: 0 }),
      'Healthy',
      'Ended',
    ],
  ])('%s', (_, spec, one, status, reason) => {
    const assessment = assess(spec, [one])
    expect([assessment.status, assessment.reason]).toEqual([status, reason])
  })

  test('online with a pid that does not exist is unhealthy, but for the moment in which PM2 has not heard of it', () => {
    const facts = { livePids: [] }
    expect(assess({}, [up(60_000)], { facts }).status).toBe('Degraded')
    expect(assess({}, [up(1000)], { facts }).status).toBe('Progressing')
  })

  describe('that was started by a clock which was set back since', () => {
    const facts = { livePids: [] }
    const ahead = up(-3_600_000)

    test('counts as started, and says since when', () => {
      const assessment = assess({ minUptime: '5s' }, [ahead])
      expect(assessment).toMatchObject({
        status: 'Healthy',
        reason: 'Online',
        message: 'online since before the clock was set back',
      })
      expect(assessment.measurements).not.toHaveProperty('uptimeMs')
      expect(assessment.children[0]?.details).not.toHaveProperty('uptimeMs')
    })

    test('and is gone is unhealthy', () => {
      expect(assess({}, [ahead], { facts })).toMatchObject({ status: 'Degraded', reason: 'NoProcess' })
    })

    test('is past its start period', () => {
      const state = probe({ failures: 1, hasPassed: false })
      const { message } = assess({ health: { tcp: { port: 1 } } }, [ahead], { facts: { probe: state } })
      expect(message).toBe('its probe failed 1 of 3 times: ECONNREFUSED')
    })
  })

  test('says when its verdict changes by itself', () => {
    expect(assess({ minUptime: '5s' }, [up(4000)]).recheckAfter).toBe(1000)
  })

  test('one bad instance of three is named', () => {
    const records = [up(9000), up(9000, { status: 'errored', pid: 0 }), up(9000)]
    expect(assess({ instances: 3 }, records).message).toMatch(/^1 of 3 instances: PM2 gave up/)
  })

  test('what died says last why, and what works says nothing of old errors', () => {
    const facts = { lastWords: 'Error: listen EADDRINUSE' }
    const errored = assess({}, [up(9000, { status: 'errored', pid: 0, exit_code: 1 })], { facts })
    expect(errored.message).toMatch(/^PM2 gave up .*; it said last: Error: listen EADDRINUSE$/)
    expect(assess({}, [up(9000)], { facts }).message).toBe('online for 9s')
  })

  test('measures what the report needs, and names its instances', () => {
    const { measurements, children } = assess({}, [up(9000, { restart_time: 4 })])
    expect(measurements).toEqual({ restarts: 4, memoryBytes: 1024, cpuPercent: 1, uptimeMs: 9000 })
    expect(children.map(({ name, details }) => [name, details.pid])).toEqual([['api#0', 1000]])
  })
})

describe('a probe', () => {
  const spec: Partial<Spec> = { health: { http: { port: 1 }, failureThreshold: 3 } }
  test.each<[string, ProbeState | undefined, string, string, boolean]>([
    ['passed', probe({ verdict: 'passed' }), 'Healthy', 'Online', false],
    ['failed less often than its threshold', probe({ failures: 2 }), 'Healthy', 'ProbeFailing', false],
    ['failed as often', probe({ failures: 3 }), 'Degraded', 'ProbeFailed', true],
    ['has never passed yet', probe({ hasPassed: false }), 'Progressing', 'ProbePending', false],
    [
      'never passed and failed as often',
      probe({ failures: 3, hasPassed: false }),
      'Degraded',
      'ProbeFailed',
      true,
    ],
    ['was not run', probe({ verdict: 'unasked' }), 'Unknown', 'ProbeNotRun', false],
    ['is not known', undefined, 'Unknown', 'ProbeNotRun', false],
  ])('that %s', (_, state, status, reason, hasRemedy) => {
    const assessment = assess(spec, [up(60_000)], { facts: { probe: state } })
    expect([assessment.status, assessment.reason, assessment.remedy !== undefined]).toEqual([
      status,
      reason,
      hasRemedy,
    ])
  })
})

describe('a rising restart count', () => {
  test.each<[string, Partial<Spec>, number, number, ReturnType<typeof counted>, string]>([
    ['a quick loop', {}, 2000, 40, counted([60, 0], [30, 20]), 'Degraded'],
    [
      'a slow loop, though it is up for a minute',
      {},
      60_000,
      5,
      counted([500, 0], [400, 1], [300, 2], [200, 3], [100, 4]),
      'Degraded',
    ],
    ["two restarts are somebody's doing", {}, 2000, 2, counted([60, 0], [30, 1]), 'Healthy'],
    ['a high count that does not rise', {}, 60_000, 400, counted([500, 400], [30, 400]), 'Healthy'],
    ['a loop that it has left', {}, 60_000, 40, counted([120, 0], [90, 40], [60, 40]), 'Healthy'],
    ['a count that fell belongs to another process', {}, 6000, 0, counted([60, 40], [30, 80]), 'Healthy'],
    [
      'a loop of what a cron restarts now and then',
      { cron: '0 3 * * *' },
      2000,
      10,
      counted([500, 0]),
      'Degraded',
    ],
    [
      'a loop of what is restarted when a file is saved',
      { watch: true },
      2000,
      10,
      counted([500, 0]),
      'Degraded',
    ],
  ])('%s', (_, spec, uptime, restarts, samples, status) => {
    expect(assess(spec, [up(uptime, { restart_time: restarts })], { samples }).status).toBe(status)
  })

  describe('of which some were asked for', () => {
    const asked = (uptime: number, restarts: number, secondsAgo: number) =>
      up(uptime, { restart_time: restarts, created_at: now - secondsAgo * 1000 })
    const readings = (...seen: readonly (readonly [number, number, number])[]) =>
      seen.map(([secondsAgo, restarts, askedAgo]) => ({
        at: now - secondsAgo * 1000,
        values: { restarts, askedAt: now - askedAgo * 1000 },
      }))

    test.each<[string, Partial<Spec>, ReturnType<typeof record>, ReturnType<typeof readings>, string]>([
      ['by a person, or by a cron', {}, asked(2000, 10, 2), readings([30, 0, 900]), 'Healthy'],
      [
        'at each tick, whatever lies between two readings',
        { cron: '*/5 * * * * *' },
        asked(2000, 10, 2),
        readings([20, 0, 21], [10, 5, 11]),
        'Healthy',
      ],
      [
        'and the others are crashes',
        { cron: '*/30 * * * * *' },
        asked(2000, 5, 4),
        readings([15, 0, 60], [12, 1, 60], [9, 2, 60], [6, 3, 60], [3, 4, 4]),
        'Degraded',
      ],
      [
        'by PM2 itself, because memory runs out again and again',
        { maxMemory: '100M' },
        asked(2000, 4, 2),
        readings([120, 0, 900], [90, 1, 91], [60, 2, 61], [30, 3, 31]),
        'Degraded',
      ],
    ])('%s', (_, spec, seen, samples, status) => {
      expect(assess(spec, [seen], { samples }).status).toBe(status)
    })
  })

  describe('of several instances', () => {
    const instances = (counts: readonly number[], createdAt?: number) =>
      counts.map((restarts, pmId) =>
        record(
          {
            restart_time: restarts,
            pm_uptime: now - 2000,
            ...(createdAt !== undefined && { created_at: createdAt }),
          },
          pmId,
        ),
      )
    const sampled = (secondsAgo: number, records: ReturnType<typeof instances>) => ({
      at: now - secondsAgo * 1000,
      values: { ...assess({ instances: 4 }, records).measurements },
    })

    test('one that loops is told and restarted, and no other', () => {
      const samples = [sampled(30, instances([7, 7, 7, 7])), sampled(15, instances([7, 8, 7, 7]))]
      const { status, message, remedy } = assess({ instances: 4 }, instances([7, 10, 7, 7]), { samples })
      expect([status, message]).toEqual([
        'Degraded',
        expect.stringContaining('1 of 4 instances: restarted 3 times'),
      ])
      expect(remedy?.pmIds).toEqual([1])
    })

    test('a crash of each at once is one crash, and no loop', () => {
      const samples = [sampled(30, instances([0, 0, 0, 0]))]
      expect(assess({ instances: 4 }, instances([1, 1, 1, 1]), { samples }).status).toBe('Healthy')
    })

    test('a reload by hand is no loop, whatever it was before', () => {
      const samples = [sampled(30, instances([9, 0, 0, 0], now - 900_000))]
      expect(assess({ instances: 4 }, instances([12, 3, 3, 3], now - 5000), { samples }).status).toBe(
        'Healthy',
      )
    })
  })

  test('restarts that we ourselves brought about are no loop, or each would be the reason for the next', () => {
    const samples = counted([60, 0], [50, 10], [30, 20])
    const ours = (secondsAgo: number) =>
      up(2000, {
        restart_time: 21,
        reconciled: {
          fleet: 'test',
          environment: '',
          store: 'store-1',
          id: 'Process/api',
          actedAt: now - secondsAgo * 1000,
        },
      })
    expect(assess({}, [ours(31)], { samples })).toMatchObject({ status: 'Healthy', remedy: undefined })
    expect(assess({}, [ours(100)], { samples })).toMatchObject({
      status: 'Degraded',
      reason: 'RestartsRising',
    })
    // What we did before the clock was set back hides no loop until that time has come again.
    expect(assess({}, [ours(-3600)], { samples })).toMatchObject({
      status: 'Degraded',
      reason: 'RestartsRising',
    })
  })

  test('is only corrected while it has just come up', () => {
    const samples = counted([60, 0], [30, 3])
    expect(assess({}, [up(2000, { restart_time: 6 })], { samples }).remedy?.type).toBe('kick')
    expect(assess({}, [up(10_000, { restart_time: 6 })], { samples })).toMatchObject({
      status: 'Degraded',
      remedy: undefined,
    })
  })
})

test('what was never read is never healthy', () => {
  const desired = api()
  expect(reconciler.assess(pairOf(desired, undefined), { now, samples: [] }).status).toBe('Missing')
})

test('a daemon that has just stopped is on its way, and nobody starts it a second time', () => {
  const desired = api()
  const stopped = record({ status: 'stopped', pid: 0 })
  const pair = pairOf(desired, observed([stopped], { settling: new Map([[0, 300]]) }), {
    owned: ownedAs(desired),
  })
  expect(reconciler.diff(pair).filter(({ type }) => type === 'revive')).toEqual([])
  expect(reconciler.assess(pair, { now, samples: [] })).toMatchObject({
    status: 'Progressing',
    reason: 'Restarting',
    recheckAfter: 300,
  })
})

test.each<[string, readonly Record<string, number>[], number, string]>([
  ['was cut off since it was at rest', [{ restarts: 4 }, { restarts: 4, uptimeMs: 900 }], 5, 'RunCutOff'],
  ['was cut off, and never seen at rest', [{ restarts: 4, uptimeMs: 900 }], 5, 'RunCutOff'],
  [
    'was seen while it was cut off',
    [{ restarts: 4, uptimeMs: 900 }, { restarts: 5 }, { restarts: 5, uptimeMs: 100 }],
    5,
    'RunCutOff',
  ],
  [
    'was cut off before it last was at rest',
    [{ restarts: 4, uptimeMs: 900 }, { restarts: 5 }, { restarts: 5 }, { restarts: 5, uptimeMs: 9 }],
    5,
    'Running',
  ],
  ['was looked at never before', [], 5, 'Running'],
])('a cron job that runs and %s', (_, seen, restarts, reason) => {
  const samples = seen.map((values, index) => ({ at: now - 60_000 + index * 10_000, values }))
  const spec = { autorestart: false, cron: '* * * * *' }
  expect(assess(spec, [up(2000, { restart_time: restarts })], { samples }).reason).toBe(reason)
})
