import { describe, expect, test } from 'vitest'
import type { ResourceId } from '../../src/core/resource.ts'
import { guard } from '../../src/engine/guard.ts'
import type { Outcome } from '../../src/engine/outcome.ts'
import { WriteBreaker } from '../../src/engine/write-breaker.ts'
import { defaultFleet, model, modelId } from '../support/modelled-fleet.ts'
import { SimulatedTime } from '../support/simulated-clock.ts'
import { actionOf, findingOf, noon, outcomeOf, stateOf, viewOf } from './finding-fixture.ts'

const one = modelId('m0')
const ids = Array.from({ length: 8 }, (_, index) => modelId(`m${index}`))
const failure: Partial<Outcome> = { result: 'failed', code: 'RemoteUnavailable', message: 'it is ill' }

function setUp() {
  const time = new SimulatedTime()
  const closed: string[] = []
  const breaker = new WriteBreaker(
    time.clock(),
    () => 0,
    (kind) => closed.push(kind),
  )
  const act = (id: ResourceId, change: Partial<Outcome>) => {
    if (!breaker.admits(id)) return 'not admitted'
    const isTold = breaker.note(outcomeOf(id, change))
    breaker.leave(id)
    return isTold ? 'told of the domain' : 'told of itself'
  }
  const reasons = () =>
    breaker.takeNews().map((entry) => (entry.type === 'event' ? entry.event.reason : entry.type))
  return { time, breaker, act, closed, reasons }
}

function tripped() {
  const rig = setUp()
  for (const id of ids.slice(0, 5)) rig.act(id, failure)
  expect(rig.breaker.isOpen('Model')).toBe(true)
  return rig
}

describe('actions that fail', () => {
  test('on five resources in a row, all alike, are those of the domain', () => {
    const { act, breaker, reasons } = setUp()
    expect(ids.slice(0, 4).map((id) => act(id, failure))).toEqual(Array(4).fill('told of itself'))
    expect(reasons()).toEqual([])
    expect(act(modelId('m4'), failure)).toBe('told of the domain')
    expect(act(modelId('m5'), failure)).toBe('not admitted')
    expect(breaker.admits('Process/p' as ResourceId)).toBe(true)
    expect(reasons()).toEqual(['DomainRefuses'])
  })

  test.each<{ readonly title: string; readonly fifth: Partial<Outcome>; readonly id?: ResourceId }>([
    { title: 'with a success among them', fifth: {} },
    { title: 'with one that failed otherwise', fifth: { ...failure, code: 'RateLimited' } },
    { title: 'with one that is refused for what it is', fifth: { ...failure, code: 'RemoteRefused' } },
    { title: 'on the same resource again and again', fifth: failure, id: one },
  ])('$title are their own', ({ fifth, id = modelId('m4') }) => {
    const { act, breaker } = setUp()
    for (const other of ids.slice(0, 4)) act(other, failure)
    act(id, fifth)
    expect(breaker.isOpen('Model')).toBe(false)
  })
})

describe('a domain that refuses everything', () => {
  test('is tried with one at a time, ever more slowly, once a minute at last', async () => {
    const { time, breaker, act } = tripped()
    const tries: number[] = []
    for (let second = 1; second < 200; second += 1) {
      await time.pass(1_000)
      for (const id of ids) if (act(id, failure) !== 'not admitted') tries.push(second)
    }
    expect(tries).toEqual([1, 3, 7, 15, 31, 63, 123, 183])
    expect(breaker.isOpen('Model')).toBe(true)
  })

  test('lets nobody else in while one is under way', async () => {
    const { time, breaker } = tripped()
    await time.pass(1_000)
    expect(ids.map((id) => breaker.admits(id))).toEqual([true, ...Array(7).fill(false)])
    expect(breaker.refusalOf('Model')?.isProbeDue).toBe(false)
    breaker.leave(one)
    expect(breaker.refusalOf('Model')?.isProbeDue).toBe(true)
  })

  test('is tried soon where a person says so, and not faster than at the beginning', async () => {
    const { time, breaker, act } = tripped()
    for (let round = 0; round < 6; round += 1) {
      await time.pass(60_000)
      act(one, failure)
    }
    breaker.hurry('Model')
    await time.pass(900)
    breaker.hurry('Model')
    expect(act(modelId('m1'), failure)).toBe('not admitted')
    await time.pass(100)
    expect(act(modelId('m1'), failure)).toBe('told of the domain')
  })

  test.each([
    { title: 'by a success', change: {} },
    {
      title: 'by a fault of the resource, which shows that it answers',
      change: { ...failure, code: 'RemoteRefused' },
    },
  ])('is back $title, and told of once', async ({ change }) => {
    const { time, act, closed, reasons } = tripped()
    await time.pass(1_000)
    act(one, change)
    expect(closed).toEqual(['Model'])
    expect(reasons()).toEqual(['DomainRefuses', 'DomainAccepts'])
    expect(act(modelId('m1'), failure)).toBe('told of itself')
  })

  test('that was told of before a restart is not told of again, and its end is', () => {
    const { breaker, act, reasons } = setUp()
    const held = { type: 'Held', status: 'True' as const, reason: 'DomainRefuses', message: '', since: noon }
    breaker.learn(viewOf({ states: new Map([[one, stateOf(one, { status: { conditions: [held] } })]]) }))
    for (const id of ids.slice(0, 5)) act(id, failure)
    expect(breaker.isOpen('Model')).toBe(true)
    expect(reasons()).toEqual([])
    breaker.note(outcomeOf(one))
    expect(reasons()).toEqual(['DomainAccepts'])
  })
})

describe('what a guard holds while a domain refuses everything', () => {
  const refusal = { message: 'it is ill', isProbeDue: true, until: noon + 4_000 }
  const drifted = (index: number, attempts: number, change: Parameters<typeof findingOf>[2] = {}) =>
    findingOf(modelId(`m${index}`), model(`m${index}`), {
      actions: [actionOf()],
      state: stateOf(modelId(`m${index}`), { recovery: { attempts } }),
      ...change,
    })
  const guarded = (findings: Parameters<typeof guard>[0], change: Partial<typeof refusal> = {}) =>
    guard(findings, {
      view: viewOf(),
      fleet: defaultFleet,
      missing: [],
      isComplete: true,
      isAnythingDeclared: true,
      allowedDeletions: undefined,
      isBusy: () => false,
      otherRemovals: 0,
      refusalOf: (kind) => (kind === 'Model' ? { ...refusal, ...change } : undefined),
      now: noon,
    }).map(({ holds }) => holds.map(({ reason }) => reason).join())

  test('is everything but the one that was tried least', () => {
    expect(guarded([drifted(0, 2), drifted(1, 0), drifted(2, 1)])).toEqual([
      'DomainRefuses',
      '',
      'DomainRefuses',
    ])
  })

  test('is everything while it is not yet time', () => {
    expect(guarded([drifted(0, 2), drifted(1, 0)], { isProbeDue: false })).toEqual([
      'DomainRefuses',
      'DomainRefuses',
    ])
  })

  test('is told before an attempt that waits, and after what a person said', () => {
    const failed = { type: 'update', summary: '', at: noon, outcome: 'failed' as const, message: 'no' }
    const waiting = stateOf(modelId('m0'), {
      status: { lastAction: failed },
      recovery: { attempts: 1, nextAttemptAt: noon + 60_000 },
    })
    const suspend = { reason: 'busy', by: undefined, until: undefined }
    const suspended = findingOf(modelId('m1'), model('m1', {}, { suspend }), { actions: [actionOf()] })
    expect(
      guarded([drifted(0, 0, { state: waiting }), suspended, findingOf(modelId('m2'), model('m2'))]),
    ).toEqual(['DomainRefuses,BackOff', 'Suspended', ''])
  })
})
