import { describe, expect, test } from 'vitest'
import type { Condition } from '../../src/core/condition.ts'
import type { HoldReason } from '../../src/core/hold.ts'
import type { Finding } from '../../src/engine/finding.ts'
import type { Outcome } from '../../src/engine/outcome.ts'
import { summarise } from '../../src/engine/summarise.ts'
import { model, modelId } from '../support/modelled-fleet.ts'
import { actionOf, findingOf, noon, outcomeOf, revive, stateOf, viewOf } from './finding-fixture.ts'

const id = modelId('a')
const suspended = model('a', {}, { suspend: { reason: 'release', by: 'ann', until: undefined } })

function statusOf(finding: Finding, outcomes: readonly Outcome[] = []) {
  return summarise(finding, outcomes, { view: viewOf(), now: noon, chance: 0 }).status
}

const hold = (reason: HoldReason) => [{ reason, message: `held: ${reason}`, until: undefined }]

const refusedSince = (since: number) =>
  stateOf(id, {
    status: { conditions: [{ type: 'Held', status: 'True', reason: 'DomainRefuses', message: '', since }] },
  })

const cases: readonly {
  readonly title: string
  readonly finding: Finding
  readonly outcomes?: readonly Outcome[]
  readonly health: string
  readonly sync: string
  readonly isExcused?: boolean
}[] = [
  { title: 'as declared', finding: findingOf(id, model('a')), health: 'Healthy', sync: 'Synced' },
  {
    title: 'unreadable is Unknown in both, whatever was known before',
    finding: findingOf(id, model('a'), { unknown: { code: 'X', message: 'y' }, state: stateOf(id) }),
    health: 'Unknown',
    sync: 'Unknown',
  },
  {
    title: 'unreadable beats suspended: nothing is known of it',
    finding: findingOf(id, suspended, { unknown: { code: 'X', message: 'y' } }),
    health: 'Unknown',
    sync: 'Unknown',
    isExcused: true,
  },
  {
    title: 'suspended is Suspended although it has failed',
    finding: findingOf(id, suspended, { health: 'Degraded' }),
    health: 'Suspended',
    sync: 'Synced',
    isExcused: true,
  },
  {
    title: 'drifted and running: healthy, out of sync',
    finding: findingOf(id, model('a'), { actions: [actionOf()], holds: hold('BackOff') }),
    health: 'Healthy',
    sync: 'OutOfSync',
  },
  {
    title: 'a check has run: how it went is told by the next reading, and until then nothing has changed',
    finding: findingOf(id, model('a'), { health: 'Degraded' }),
    outcomes: [outcomeOf(id, { action: actionOf({ verb: 'run', isRoutine: true }) })],
    health: 'Degraded',
    sync: 'Synced',
  },
  {
    title: 'to be revived: degraded, in sync',
    finding: findingOf(id, model('a'), { health: 'Degraded', actions: [revive], holds: hold('BackOff') }),
    health: 'Degraded',
    sync: 'Synced',
  },
  {
    title: 'missing with all attempts used up is Degraded',
    finding: findingOf(id, model('a'), {
      health: 'Missing',
      actions: [actionOf({ verb: 'create' })],
      holds: hold('AttemptsExhausted'),
    }),
    health: 'Degraded',
    sync: 'OutOfSync',
  },
  {
    title: 'what was done is not believed before it is seen',
    finding: findingOf(id, model('a'), { health: 'Missing', actions: [actionOf({ verb: 'create' })] }),
    outcomes: [outcomeOf(id)],
    health: 'Progressing',
    sync: 'OutOfSync',
  },
  {
    title: 'a failed update of what runs is Degraded',
    finding: findingOf(id, model('a'), { actions: [actionOf()] }),
    outcomes: [outcomeOf(id, { result: 'failed' })],
    health: 'Degraded',
    sync: 'OutOfSync',
  },
  {
    title: 'an unknown outcome is not success',
    finding: findingOf(id, model('a'), { actions: [actionOf()] }),
    outcomes: [outcomeOf(id, { result: 'unknown' })],
    health: 'Degraded',
    sync: 'OutOfSync',
  },
  {
    title: 'what its whole domain refuses says nothing of it',
    finding: findingOf(id, model('a'), {
      actions: [actionOf()],
      holds: hold('DomainRefuses'),
      state: refusedSince(noon - 74_999),
    }),
    health: 'Healthy',
    sync: 'OutOfSync',
  },
  {
    title: 'what its whole domain refuses is a trouble when its own attempts would be used up',
    finding: findingOf(id, model('a'), {
      actions: [actionOf()],
      holds: hold('DomainRefuses'),
      state: refusedSince(noon - 75_000),
    }),
    health: 'Degraded',
    sync: 'OutOfSync',
  },
  {
    title: 'one that was tried for its whole domain is not better for it',
    finding: findingOf(id, model('a'), { actions: [actionOf()], state: refusedSince(noon - 75_000) }),
    outcomes: [outcomeOf(id, { result: 'failed', isToldByDomain: true })],
    health: 'Degraded',
    sync: 'OutOfSync',
  },
  {
    title: 'outside its window it is excused',
    finding: findingOf(id, model('a'), {
      health: 'Missing',
      actions: [actionOf()],
      holds: hold('OutsideWindow'),
    }),
    health: 'Missing',
    sync: 'OutOfSync',
    isExcused: true,
  },
  {
    title: 'a healthy standby is excused',
    finding: findingOf(id, model('a'), { standsBehind: [modelId('main')] }),
    health: 'Healthy',
    sync: 'Synced',
    isExcused: true,
  },
  {
    title: 'not ours is out of sync',
    finding: findingOf(id, model('a'), { stance: 'not-ours', health: 'Missing', holds: hold('NotOurs') }),
    health: 'Missing',
    sync: 'OutOfSync',
  },
]

test.each(cases)('$title', ({ finding, outcomes, health, sync, isExcused = false }) => {
  const status = statusOf(finding, outcomes)
  expect({ health: status.health, sync: status.sync, isExcused: status.isExcused }).toEqual({
    health,
    sync,
    isExcused,
  })
})

describe('the time of a condition', () => {
  const before: Condition = { type: 'Healthy', status: 'False', reason: 'X', message: 'x', since: 7 }
  const state = stateOf(id, { status: { conditions: [before] } })

  test('stays while its status stays, whatever else changes', () => {
    const { conditions } = statusOf(findingOf(id, model('a'), { health: 'Degraded', state }))
    expect(conditions.find(({ type }) => type === 'Healthy')).toMatchObject({ reason: 'Judged', since: 7 })
  })

  test('is now when its status changes', () => {
    const { conditions } = statusOf(findingOf(id, model('a'), { state }))
    expect(conditions.find(({ type }) => type === 'Healthy')?.since).toBe(noon)
  })
})

test('a fallback says whom it stands in for', () => {
  const main = modelId('main')
  const { conditions } = statusOf(findingOf(id, model('a'), { standsBehind: [main], activeFor: [main] }))
  expect(conditions.find(({ type }) => type === 'Fallback')).toMatchObject({
    status: 'True',
    reason: 'StandingIn',
    message: main,
  })
})

test('the last action stays known after it', () => {
  const acted = summarise(
    findingOf(id, model('a'), { actions: [actionOf()] }),
    [outcomeOf(id, { result: 'failed', message: 'no room' })],
    { view: viewOf(), now: noon, chance: 0 },
  )
  expect(statusOf(findingOf(id, model('a'), { state: acted })).lastAction).toEqual({
    type: 'update',
    summary: 'update it',
    at: noon,
    outcome: 'failed',
    message: 'no room',
  })
})

test('where all attempts are used up no next one is promised', () => {
  const state = stateOf(id, { recovery: { attempts: 5, nextAttemptAt: noon - 1 } })
  const given = { actions: [revive], health: 'Degraded' as const, state }
  const context = { view: viewOf(), now: noon, chance: 0 }
  const exhausted = findingOf(id, model('a'), { ...given, holds: hold('AttemptsExhausted') })
  expect(summarise(exhausted, [], context).status.nextAttemptAt).toBeUndefined()
  const waiting = findingOf(id, model('a'), { ...given, holds: hold('BackOff') })
  expect(summarise(waiting, [], context).status.nextAttemptAt).toBe(noon - 1)
})
