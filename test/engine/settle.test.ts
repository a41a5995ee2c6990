import { describe, expect, test } from 'vitest'
import type { Declaration } from '../../src/core/declaration.ts'
import type { ResourceId } from '../../src/core/resource.ts'
import { type SettleRequest, settle } from '../../src/engine/settle.ts'
import {
  declare,
  type ModelledFleet,
  model,
  modelId,
  modelledFleet,
  resourceOf,
} from '../support/modelled-fleet.ts'

const never = new AbortController().signal

function settled(fleet: ModelledFleet, declaration: Declaration, change: Partial<SettleRequest> = {}) {
  const request = {
    declaration,
    selection: undefined,
    allowedDeletions: undefined,
    wait: true,
    timeout: 120_000,
    ...change,
  }
  return fleet.time.run(settle(fleet.world, request, never))
}

const healthOf = (result: Awaited<ReturnType<typeof settled>>, name: string) =>
  result.states.get(modelId(name))?.status.health

describe('one pass to its end', () => {
  test('starts a chain of dependencies one after another', async () => {
    const fleet = modelledFleet()
    const chain = ['a', 'b', 'c'].map((name, index, all) =>
      model(name, {}, { dependsOn: all.slice(index + 1).map(modelId) }),
    )
    const result = await settled(fleet, declare(chain))
    expect(chain.map(({ name }) => healthOf(result, name))).toEqual(['Healthy', 'Healthy', 'Healthy'])
    const times = ['c', 'b', 'a'].map((name) => fleet.outside.thing(name)?.madeAt ?? -1)
    expect(times).toEqual([...times].sort((one, other) => one - other))
    expect(new Set(times).size).toBe(3)
  })

  test('tries a domain that refuses everything with one at a time, and goes on when one succeeds', async () => {
    let isRefusing = true
    const tries: string[] = []
    const fleet = modelledFleet({
      faults: {
        effect: (action) => {
          tries.push(action.summary)
          return isRefusing
            ? { type: 'error-before', latency: 5, isForTime: false }
            : { type: 'done', latency: 5 }
        },
      },
    })
    const names = Array.from({ length: 50 }, (_, index) => `m${index}`)
    const declaration = declare(names.map((name) => model(name)))
    const refused = await settled(fleet, declaration, { timeout: 30_000 })
    expect(tries.length).toBeLessThanOrEqual(12)
    expect(refused.states.get(modelId('m49'))?.status.reason).toBe('DomainRefuses')
    const events = await fleet.ledger.events({ limit: 1000 })
    expect(events.filter(({ reason }) => reason === 'DomainRefuses')).toHaveLength(1)

    isRefusing = false
    const done = await settled(fleet, declaration)
    expect(names.map((name) => healthOf(done, name))).toEqual(names.map(() => 'Healthy'))
    const [last] = (await fleet.ledger.events({ limit: 1000 })).filter(({ reason }) =>
      reason.startsWith('Domain'),
    )
    expect(last?.reason).toBe('DomainAccepts')
  })

  test('a second one does nothing', async () => {
    const fleet = modelledFleet()
    const declaration = declare([model('a'), resourceOf('Dispatch', 'd', { revision: 'r1' })])
    await settled(fleet, declaration)
    const before = fleet.outside.print()
    const again = await settled(fleet, declaration)
    expect(again.outcomes).toEqual([])
    expect(fleet.outside.print()).toBe(before)
  })

  test('revives at the pace of the back-off and stops when the attempts are used up', async () => {
    const fleet = modelledFleet()
    fleet.outside.cursed.add('a')
    const result = await settled(fleet, declare([model('a')]), { timeout: 600_000 })
    expect(result.outcomes.map(({ action }) => action.type)).toEqual(['create', ...Array(5).fill('revive')])
    expect(result.states.get(modelId('a'))?.status).toMatchObject({
      health: 'Degraded',
      reason: 'AttemptsExhausted',
      attempts: 5,
    })
    expect(result.pending.size).toBe(0)
  })

  test('names who was still on his way when the time is over', async () => {
    const fleet = modelledFleet()
    const dependant = model('b', {}, { dependsOn: [modelId('a')] })
    const result = await settled(fleet, declare([model('a'), dependant]), { timeout: 100 })
    expect([...result.pending]).toEqual([modelId('a'), modelId('b')])
    expect(fleet.time.now).toBeLessThanOrEqual(120)
  })

  test('confirms an action that took longer than there was time to wait, and begins no other', async () => {
    const slow: ModelledFleet = modelledFleet({
      faults: { effect: () => ({ type: 'done', latency: 8_000 }) },
    })
    const dependant = model('b', {}, { dependsOn: [modelId('a')] })
    const result = await settled(slow, declare([model('a'), dependant]), { timeout: 3_000 })
    expect(result.outcomes.map(({ id, result: end }) => [id, end])).toEqual([[modelId('a'), 'succeeded']])
    expect(result.states.get(modelId('a'))?.status.reason).not.toBe('Acted')
    expect(result.states.get(modelId('a'))?.status).toMatchObject({ sync: 'Synced', reason: 'Starting' })
    expect([...result.pending]).toEqual([modelId('a'), modelId('b')])
    expect(slow.time.now).toBeLessThan(9_000)
  })

  test('without waiting it acts once and looks once', async () => {
    const fleet = modelledFleet()
    const result = await settled(fleet, declare([model('a')]), { wait: false })
    expect(result.outcomes).toHaveLength(1)
    expect(healthOf(result, 'a')).toBe('Progressing')
    expect(fleet.time.now).toBeLessThan(200)
  })

  test('independent resources go on when one fails', async () => {
    const fleet = modelledFleet({
      faults: {
        effect: (action) =>
          action.summary.endsWith(' b')
            ? { type: 'error-before', latency: 0, isForTime: false }
            : { type: 'done', latency: 0 },
      },
    })
    const result = await settled(fleet, declare(['a', 'b', 'c'].map((name) => model(name))), {
      timeout: 10_000,
    })
    expect(['a', 'b', 'c'].map((name) => healthOf(result, name))).toEqual(['Healthy', 'Missing', 'Healthy'])
    expect(result.states.get(modelId('b'))?.status.message).toContain('refused')
  })

  test('calls the fallback when the attempts are used up, and waits for it', async () => {
    const fleet = modelledFleet()
    fleet.outside.cursed.add('main')
    const main = model('main', {}, { fallback: [modelId('backup')], fallbackAfter: 2 })
    const result = await settled(fleet, declare([main, model('backup')]), { timeout: 30_000 })
    expect(fleet.outside.thing('backup')?.state).toBe('running')
    expect(result.states.get(modelId('backup'))?.activeFor).toEqual([modelId('main')])
  })

  test('does not wait for a fallback that it does not look at', async () => {
    const fleet = modelledFleet()
    fleet.outside.cursed.add('main')
    const main = model('main', {}, { fallback: [modelId('backup')], fallbackAfter: 1 })
    const declaration = declare([main, model('backup'), model('other')])
    await settled(fleet, declaration, { timeout: 20_000 })
    const before = fleet.time.now
    const selection: ReadonlySet<ResourceId> = new Set([modelId('other')])
    const result = await settled(fleet, declaration, { selection })
    expect(result.pending.size).toBe(0)
    expect(fleet.time.now - before).toBeLessThan(1_000)
  })

  test('does not spin where two readings contradict each other', async () => {
    let reads = 0
    const fleet: ModelledFleet = modelledFleet({
      faults: {
        read: (_, asked) => {
          reads += 1
          return { type: 'answered', latency: 0, staleVersions: asked.length > 1 ? 8 : 0, unreadable: [] }
        },
      },
    })
    await settled(fleet, declare([model('a'), model('b')]))
    await fleet.time.pass(10_000)
    fleet.outside.remove('a')
    reads = 0
    await settled(fleet, declare([model('b')]), { timeout: 2_500 })
    expect(reads).toBeLessThan(12)
  })
})

describe('a dry run', () => {
  test('of a selection, or of one file, deletes nothing', async () => {
    const fleet = modelledFleet()
    await settled(fleet, declare([model('a'), model('b')]))
    await settled(fleet, declare([model('b')]), { selection: new Set([modelId('b')]) })
    await settled(fleet, declare([model('b')], { isWhole: false }))
    expect(fleet.outside.thing('a')).toBeDefined()
  })

  test('of broken manifests deletes nothing, and says why', async () => {
    const fleet = modelledFleet()
    await settled(fleet, declare([model('a'), model('b')]))
    const result = await settled(fleet, declare([model('b')], { isComplete: false }))
    expect(result.states.get(modelId('a'))?.status.reason).toBe('ManifestsIncomplete')
    expect(fleet.outside.thing('a')).toBeDefined()
  })
})

describe('what the vendor names', () => {
  test('is not asked for again while his list is old', async () => {
    const fleet = modelledFleet({
      faults: {
        read: () => ({ type: 'answered', latency: 100, staleVersions: 6, unreadable: [] }),
      },
    })
    const declaration = declare([
      resourceOf('Dispatch', 'd', { revision: 'r1' }),
      resourceOf('Dispatch', 'e', { revision: 'r1' }),
    ])
    const result = await settled(fleet, declaration)
    expect(fleet.outside.current.runs).toHaveLength(2)
    expect(result.pending.size).toBe(0)
    expect((await fleet.ledger.load()).openIntents).toEqual([])
  })

  test('is not asked for again when the answer was lost', async () => {
    const fleet = modelledFleet({ faults: { effect: () => ({ type: 'lost-answer', latency: 0 }) } })
    await settled(fleet, declare([resourceOf('Dispatch', 'd', { revision: 'r1' })]))
    expect(fleet.outside.current.runs).toHaveLength(1)
  })

  test('is asked for again when it certainly did not happen', async () => {
    let tries = 0
    const fleet = modelledFleet({
      faults: {
        effect: () => {
          tries += 1
          return tries === 1 ? { type: 'hang-before', latency: 0 } : { type: 'done', latency: 0 }
        },
      },
      deadlines: { observe: 5_000, apply: 5_000 },
    })
    await settled(fleet, declare([resourceOf('Dispatch', 'd', { revision: 'r1' })]))
    expect(fleet.outside.current.runs).toHaveLength(1)
    expect(tries).toBe(2)
  })
})
