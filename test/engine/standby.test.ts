import { describe, expect, test } from 'vitest'
import type { HealthStatus } from '../../src/core/health.ts'
import type { ResourceState } from '../../src/core/ledger.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { neededBy, primariesByFallback } from '../../src/engine/standby.ts'
import { model, modelId } from '../support/modelled-fleet.ts'
import { noon, stateOf } from './finding-fixture.ts'

const main = modelId('main')
const second = modelId('second')
const backup = modelId('backup')
const spare = modelId('spare')

const primary = model('main', {}, { fallback: [backup, spare], fallbackAfter: 3 })

function seen(
  id: ResourceId,
  health: HealthStatus,
  change: {
    readonly attempts?: number
    readonly healthyFor?: number
    readonly hold?: string
    readonly heldFor?: number
    readonly activeFor?: readonly ResourceId[]
  } = {},
): [ResourceId, ResourceState] {
  const { attempts = 0, healthyFor, hold, heldFor = 1e9, activeFor = [] } = change
  const since = noon - heldFor
  const held = { type: 'Held', status: 'True' as const, reason: hold ?? '', message: '', since }
  const healthySince = healthyFor === undefined ? undefined : noon - healthyFor
  return [
    id,
    stateOf(id, {
      status: { health, conditions: hold ? [held] : [] },
      recovery: { attempts, healthySince },
      activeFor,
    }),
  ]
}

const cases: readonly {
  readonly title: string
  readonly fallback?: ResourceId
  readonly states: readonly [ResourceId, ResourceState][]
  readonly isNeeded: boolean
}[] = [
  { title: 'the primary was never seen', states: [], isNeeded: false },
  { title: 'the primary is healthy', states: [seen(main, 'Healthy', { healthyFor: 1e9 })], isNeeded: false },
  { title: 'attempts are left', states: [seen(main, 'Degraded', { attempts: 2 })], isNeeded: false },
  { title: 'the attempts are used up', states: [seen(main, 'Degraded', { attempts: 3 })], isNeeded: true },
  {
    title: 'the primary cannot be started at all',
    states: [seen(main, 'Missing', { hold: 'ScriptMissing' })],
    isNeeded: true,
  },
  {
    title: 'its domain refuses everything, not for as long as three attempts would take',
    states: [seen(main, 'Missing', { hold: 'DomainRefuses', heldFor: 14_999 })],
    isNeeded: false,
  },
  {
    title: 'its domain refuses everything, for as long as three attempts would take',
    states: [seen(main, 'Missing', { hold: 'DomainRefuses', heldFor: 15_000 })],
    isNeeded: true,
  },
  {
    title: 'the primary waits for something that will come',
    states: [seen(main, 'Missing', { hold: 'DependencyNotReady' })],
    isNeeded: false,
  },
  {
    title: 'an unreadable primary calls nobody',
    states: [seen(main, 'Unknown', { attempts: 5 })],
    isNeeded: false,
  },
  {
    title: 'an unreadable primary sends nobody away',
    states: [seen(main, 'Unknown'), seen(backup, 'Healthy', { activeFor: [main] })],
    isNeeded: true,
  },
  {
    title: 'a suspended primary changes nothing',
    states: [seen(main, 'Suspended', { attempts: 5 })],
    isNeeded: false,
  },
  {
    title: 'a primary that is back for a moment does not stand it down',
    states: [seen(main, 'Healthy', { healthyFor: 59_999 }), seen(backup, 'Healthy', { activeFor: [main] })],
    isNeeded: true,
  },
  {
    title: 'a primary that is back for good stands it down',
    states: [seen(main, 'Healthy', { healthyFor: 60_000 }), seen(backup, 'Healthy', { activeFor: [main] })],
    isNeeded: false,
  },
  {
    title: 'the second is not called while the first stands in',
    fallback: spare,
    states: [seen(main, 'Degraded', { attempts: 3 }), seen(backup, 'Healthy', { activeFor: [main] })],
    isNeeded: false,
  },
  {
    title: 'the second is not called before the first was',
    fallback: spare,
    states: [seen(main, 'Degraded', { attempts: 3 }), seen(backup, 'Degraded')],
    isNeeded: false,
  },
  {
    title: 'the second is called when the first failed too',
    fallback: spare,
    states: [seen(main, 'Degraded', { attempts: 3 }), seen(backup, 'Degraded', { activeFor: [main] })],
    isNeeded: true,
  },
  {
    title: 'the second is called when the first can never be started',
    fallback: spare,
    states: [
      seen(main, 'Degraded', { attempts: 3 }),
      seen(backup, 'Missing', { activeFor: [main], hold: 'NotOurs' }),
    ],
    isNeeded: true,
  },
  {
    title: 'the second is not called while the first cannot be read',
    fallback: spare,
    states: [seen(main, 'Degraded', { attempts: 3 }), seen(backup, 'Unknown', { activeFor: [main] })],
    isNeeded: false,
  },
]

test.each(cases)('$title', ({ fallback = backup, states, isNeeded }) => {
  expect(neededBy(fallback, [primary], new Map(states), noon)).toEqual(isNeeded ? [main] : [])
})

describe('a fallback of two primaries', () => {
  const other = model('second', {}, { fallback: [backup], fallbackAfter: 1 })

  test('stays until both are healthy', () => {
    const stable = { healthyFor: 60_000 }
    const active = seen(backup, 'Healthy', { activeFor: [main, second] })
    const one = new Map([seen(main, 'Healthy', stable), seen(second, 'Degraded', { attempts: 1 }), active])
    expect(neededBy(backup, [primary, other], one, noon)).toEqual([second])
    const both = new Map([seen(main, 'Healthy', stable), seen(second, 'Healthy', stable), active])
    expect(neededBy(backup, [primary, other], both, noon)).toEqual([])
  })

  test('knows them in id order', () => {
    expect(
      primariesByFallback([other, primary])
        .get(backup)
        ?.map(({ id }) => id),
    ).toEqual([main, second])
  })
})
