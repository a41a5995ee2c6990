import { describe, expect, test } from 'vitest'
import type { ResourceId } from '../../src/core/resource.ts'
import { Controller } from '../../src/engine/controller.ts'
import type { ModelFaults } from '../support/model-faults.ts'
import type { ModelAction, ModelSpec } from '../support/modelled-domain.ts'
import { declare, type ModelledFleet, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'

const names = Array.from({ length: 200 }, (_, index) => `m${String(index).padStart(3, '0')}`)

/** What a domain with two hundred resources costs its vendor, and tells people. */
interface Crowd {
  readonly fleet: ModelledFleet
  readonly controller: Controller
  /** How often the domain was read, and with how many keys. */
  readonly reads: number[]
  isDown: boolean
  /** Why every effect is refused; undefined: none is. */
  refusal: { readonly isForTime: boolean } | undefined
  /** The resources on which something was tried. */
  readonly tries: ResourceId[]
  readonly save: (change: Partial<ModelSpec>) => Promise<void>
}

/** Runs a controller over two hundred resources that have settled, for the time of the body. */
async function watching(body: (crowd: Crowd) => Promise<void>): Promise<void> {
  const reads: number[] = []
  const read: ModelFaults['read'] = (_, asked) => {
    reads.push(asked.length)
    if (crowd.isDown) return { type: 'error', latency: 5 }
    return { type: 'answered', latency: 5, staleVersions: 0, unreadable: [] }
  }
  const effect: ModelFaults['effect'] = (action) => {
    crowd.tries.push((action as ModelAction).id)
    if (crowd.refusal) return { type: 'error-before', latency: 5, ...crowd.refusal }
    return { type: 'done', latency: 5 }
  }
  const fleet = modelledFleet({ faults: { read, effect } })
  let spec: Partial<ModelSpec> = {}
  const reread = async () => declare(names.map((name) => model(name, spec)))
  const controller = new Controller(fleet.world, { read: reread })
  const crowd: Crowd = {
    fleet,
    controller,
    reads,
    isDown: false,
    refusal: undefined,
    tries: [],
    async save(change) {
      spec = change
      await fleet.time.run(controller.reread())
    },
  }
  const end = new AbortController()
  const run = controller.run(end.signal)
  try {
    await fleet.time.pass(60_000)
    expect(fleet.outside.current.things.size).toBe(names.length)
    reads.length = 0
    crowd.tries.length = 0
    await body(crowd)
  } finally {
    end.abort(new Error('the test is over'))
    await fleet.time.run(run)
  }
}

async function healthOf({ ledger }: ModelledFleet): Promise<ReadonlySet<string | undefined>> {
  const { states } = await ledger.load()
  return new Set(names.map((name) => states.get(modelId(name))?.status.health))
}

async function eventsSince({ ledger }: ModelledFleet, at: number): Promise<readonly string[]> {
  const events = await ledger.events({ limit: 10_000 })
  return events.filter((event) => event.at >= at).map(({ reason, count }) => `${count} ${reason}`)
}

describe('two hundred resources of a domain that reads all of them in one call', () => {
  test('cost one call an interval while nothing happens', async () => {
    await watching(async ({ fleet, reads }) => {
      await fleet.time.pass(300_000)
      // The interval is 10 s.
      expect(reads.length).toBeLessThanOrEqual(31)
      expect(new Set(reads)).toEqual(new Set([names.length]))
    })
  })

  test('share one call again after each was woken at a time of its own', async () => {
    await watching(async ({ fleet, controller, reads }) => {
      for (const name of names) {
        controller.wake([modelId(name)])
        await fleet.time.pass(47)
      }
      reads.length = 0
      await fleet.time.pass(300_000)
      expect(reads.length).toBeLessThanOrEqual(31)
    })
  })

  test('wait together on a domain that is down, are told of once, and are worked on when it is back', async () => {
    await watching(async (crowd) => {
      const { fleet, reads } = crowd
      const began = fleet.clock.now()
      crowd.isDown = true
      await fleet.time.pass(10_000)
      await fleet.time.pass(10_000)
      // One that finds out, then after 1, 2, 4 and 8 s.
      expect(reads.length).toBeLessThanOrEqual(6)
      expect(await healthOf(fleet)).toEqual(new Set(['Unknown']))
      reads.length = 0
      await fleet.time.pass(600_000)
      expect(reads.length).toBeLessThanOrEqual(68)
      expect(await eventsSince(fleet, began)).toEqual(['1 DomainUnreadable'])

      const ended = fleet.clock.now()
      fleet.outside.change('m007', { fields: {}, state: 'stopped' })
      crowd.isDown = false
      reads.length = 0
      await fleet.time.pass(11_000)
      expect(await healthOf(fleet)).toEqual(new Set(['Healthy']))
      expect(fleet.outside.thing('m007')?.state).toBe('running')
      // One that finds it again, one at the interval, and what the start of one takes.
      expect(reads.length).toBeLessThanOrEqual(9)
      const told = await eventsSince(fleet, ended)
      expect(told.filter((one) => one.includes('Domain'))).toEqual(['1 DomainReadable'])
      expect(told.length).toBeLessThan(6)
    })
  })

  test('are looked at as soon as somebody asks while their domain is down, and not faster than that', async () => {
    await watching(async (crowd) => {
      const { fleet, controller, reads } = crowd
      crowd.isDown = true
      await fleet.time.pass(60_000)
      await fleet.time.pass(2_000)
      crowd.isDown = false
      const order = await fleet.time.run(
        controller.orderPass({ selection: new Set([modelId('m000')]), allowedDeletions: undefined }),
      )
      const asked = fleet.time.now
      await fleet.time.run(order.settled)
      expect(fleet.time.now - asked).toBeLessThan(1_100)

      crowd.isDown = true
      await fleet.time.pass(60_000)
      reads.length = 0
      for (let tick = 0; tick < 100; tick += 1) {
        controller.wake()
        await fleet.time.pass(100)
      }
      expect(reads.length).toBeLessThanOrEqual(11)
    })
  })
})

describe('two hundred resources of a domain that refuses all that is asked of it', () => {
  test.each([{ isForTime: false }, { isForTime: true }])(
    'are tried one at a time, told of once, and done as soon as one succeeds (%o)',
    async (refusal) => {
      await watching(async (crowd) => {
        const { fleet, tries, reads, save } = crowd
        const began = fleet.clock.now()
        crowd.refusal = refusal
        await save({ fields: { PORT: '1' } })
        await fleet.time.pass(10_000)
        // Five that fail alike, what was under way with them, and one each after 1, 2 and 4 s.
        expect(tries.length).toBeLessThanOrEqual(11)
        expect((await fleet.ledger.load()).states.get(modelId('m150'))?.status.health).toBe('Healthy')
        await fleet.time.pass(590_000)
        expect(tries.length).toBeLessThanOrEqual(25)
        // Of what failed before it was known to be the domain, some came back for a second time.
        expect(Math.max(...attemptsPer(tries).values())).toBeLessThanOrEqual(2)
        // The interval's 60, one for each that was tried and one when it is to be tried, and its own waits.
        expect(reads.length).toBeLessThanOrEqual(150)
        const told = await eventsSince(fleet, began)
        expect(told.filter((one) => one.includes('Domain'))).toEqual(['1 DomainRefuses'])
        expect(told.length).toBeLessThanOrEqual(20)
        const state = (await fleet.ledger.load()).states.get(modelId('m150'))
        expect(state?.status).toMatchObject({
          sync: 'OutOfSync',
          health: 'Degraded',
          reason: 'DomainRefuses',
        })
        expect(state?.status.message).toContain('refused')

        const ended = fleet.clock.now()
        crowd.refusal = undefined
        reads.length = 0
        await fleet.time.pass(70_000)
        for (const name of names) expect(fleet.outside.thing(name)?.fields).toEqual({ PORT: '1' })
        expect(await healthOf(fleet)).toEqual(new Set(['Healthy']))
        const after = await eventsSince(fleet, ended)
        expect(after.filter((one) => one.includes('Domain'))).toEqual(['1 DomainAccepts'])
      })
    },
  )
})

function attemptsPer(ids: readonly ResourceId[]): ReadonlyMap<ResourceId, number> {
  const counts = new Map<ResourceId, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}
