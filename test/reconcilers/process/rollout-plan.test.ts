import { describe, expect, test } from 'vitest'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { declare, type Spec } from './bench.ts'
import { observed, ownedAs, pairOf, record } from './model.ts'

describe('what is planned while one that was updated', () => {
  const api = (v: string, spec: Partial<Spec> = {}) =>
    declare(
      'api',
      { script: './api.mjs', instances: 3, ...spec, env: { V: v } },
      { folder: '/srv/manifests' },
    )
  const seen = (fields: Readonly<Record<string, unknown>>, facts: Parameters<typeof observed>[1] = {}) =>
    pairOf(
      api('2', fields.spec as Partial<Spec>),
      observed(
        [
          record({ env: { V: '2' }, ...fields }, 0),
          record({ env: { V: '1' } }, 1),
          record({ env: { V: '1' } }, 2),
        ],
        facts,
      ),
      { owned: ownedAs(api('1')) },
    )

  test.each([
    { how: 'has given up', fields: { status: 'errored', pid: 0 } },
    { how: 'is stopped', fields: { status: 'stopped', pid: 0 } },
    { how: 'never had a process', fields: { pid: undefined } },
  ])('$how: it alone is started again', ({ fields }) => {
    const pair = seen(fields)
    expect(reconciler.diff(pair)).toMatchObject([
      {
        type: 'revive',
        verb: 'update',
        isRecovery: true,
        pmIds: [0],
        summary: 'start again, 1 of 3 instances; 2 instances that were not updated wait for that',
        changes: [{ path: 'env.V', before: '1', after: '2' }],
      },
    ])
    expect(reconciler.assess(pair, { now: 10, samples: [] })).toMatchObject({
      status: 'Degraded',
      reason: 'RolloutStuck',
    })
  })

  test('waits for PM2 to start it again: so does the rest, and nothing is done', () => {
    expect(reconciler.diff(seen({ status: 'waiting restart' }))).toMatchObject([
      { type: 'restart', pmIds: [1, 2], blocked: { reason: 'RolloutStuck' } },
    ])
  })

  test('has just stopped, as in the middle of a restart: its update waits for it by itself', () => {
    const actions = reconciler.diff(seen({ status: 'stopped', pid: 0 }, { settling: new Map([[0, 400]]) }))
    expect(actions).toMatchObject([{ type: 'restart', pmIds: [1, 2] }])
    expect(actions[0]?.blocked).toBeUndefined()
  })

  test('ended as it may: the others are updated', () => {
    const fields = {
      status: 'stopped',
      pid: 0,
      exit_code: 0,
      spec: { stopExitCodes: [0] },
      stop_exit_codes: [0],
    }
    expect(reconciler.diff(seen(fields))).toMatchObject([{ type: 'restart' }])
  })

  test('is down and so are all others: nothing is lost by updating them', () => {
    const down = { status: 'errored', pid: 0 }
    const records = [record({ ...down, env: { V: '2' } }, 0), record({ ...down, env: { V: '1' } }, 1)]
    const pair = pairOf(api('2', { instances: 2 }), observed(records), { owned: ownedAs(api('1')) })
    expect(reconciler.diff(pair)).toMatchObject([{ type: 'restart', pmIds: [1] }])
  })
})
