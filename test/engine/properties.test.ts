import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Resource } from '../../src/core/resource.ts'
import { draftPass } from '../../src/engine/pass.ts'
import { settle } from '../../src/engine/settle.ts'
import { declare, type ModelledFleet, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'
import { markOf } from './finding-fixture.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const programs = ['one.mjs', 'two.mjs'] as const
const fieldsOf = fc.dictionary(fc.constantFrom('PORT', 'LEVEL', 'MODE'), fc.constantFrom('1', '2'), {
  maxKeys: 3,
})

interface Wish {
  readonly program: string
  readonly fields: Readonly<Record<string, string>>
  /** Depends on the names before it that this mask picks. */
  readonly leansOn: number
  readonly adopt: boolean
}

const wish: fc.Arbitrary<Wish> = fc.record({
  program: fc.constantFrom(...programs),
  fields: fieldsOf,
  leansOn: fc.nat(63),
  adopt: fc.boolean(),
})

/** By name: what is declared, if anything. */
const fleetOf = fc.array(fc.option(wish, { nil: undefined }), {
  minLength: names.length,
  maxLength: names.length,
})

const found = fc.record({
  program: fc.constantFrom(...programs),
  fields: fieldsOf,
  mark: fc.constantFrom('none', 'ours', 'rival'),
  state: fc.constantFrom('running' as const, 'failed' as const, 'stopped' as const),
})
const worldOf = fc.array(fc.option(found, { nil: undefined }), {
  minLength: names.length,
  maxLength: names.length,
})

function resourcesOf(wishes: readonly (Wish | undefined)[]): readonly Resource[] {
  const declared = names.filter((_, index) => wishes[index])
  return wishes.flatMap((one, index) => {
    const name = names[index]
    if (!one || !name) return []
    const before = declared.filter((other) => other < name)
    const dependsOn = before.filter((_, position) => (one.leansOn >> position) & 1).map(modelId)
    return [model(name, { program: one.program, fields: one.fields }, { dependsOn, adopt: one.adopt })]
  })
}

function fill(
  fleet: ModelledFleet,
  things: readonly (typeof found extends fc.Arbitrary<infer T> ? T | undefined : never)[],
) {
  things.forEach((thing, index) => {
    const name = names[index]
    if (!thing || !name) return
    const { program, fields } = thing
    const mark =
      thing.mark === 'none'
        ? undefined
        : markOf({ id: modelId(name), fleet: thing.mark === 'ours' ? 'acme' : 'rival' })
    fleet.outside.create({ name, program, fields, mark, madeBy: mark ? 'us' : 'people' })
    fleet.outside.change(name, { state: thing.state })
  })
}

const never = new AbortController().signal

async function settled(fleet: ModelledFleet, resources: readonly Resource[]) {
  const request = {
    declaration: declare(resources),
    selection: undefined,
    allowedDeletions: 100,
    wait: true,
    timeout: 600_000,
  }
  return fleet.time.run(settle(fleet.world, request, never))
}

test('over random fleets and worlds: the plan after apply is empty, and nothing undeclared and unowned is touched', async () => {
  await fc.assert(
    fc.asyncProperty(worldOf, fleetOf, fleetOf, async (things, first, second) => {
      const fleet = modelledFleet()
      fill(fleet, things)
      const original = new Map(fleet.outside.current.things)
      for (const wishes of [first, second]) {
        const owned = (await fleet.ledger.load()).inventory
        const before = new Map(fleet.outside.current.things)
        const resources = resourcesOf(wishes)
        await settled(fleet, resources)
        const request = { declaration: declare(resources), selection: undefined, allowedDeletions: 100 }
        const { plan, findings } = await fleet.time.run(draftPass(fleet.world, request, never))
        const open = plan.resources.filter(({ actions, holds }) => actions.length > 0 && holds.length === 0)
        expect(open).toEqual([])
        for (const finding of findings) {
          const reason = finding.holds[0]?.reason
          const leansOnHeld = finding.desired?.controls.dependsOn.length
          if (reason === 'DependencyNotReady') expect(leansOnHeld).toBeGreaterThan(0)
          else if (reason !== undefined)
            expect(['NotOurs', 'Conflict', 'ManifestsIncomplete']).toContain(reason)
        }
        for (const name of names) {
          const isDeclared = resources.some((resource) => resource.name === name)
          if (!isDeclared && !owned.has(modelId(name))) {
            expect(fleet.outside.thing(name)).toEqual(before.get(name))
          }
          const thing = original.get(name)
          if (thing?.mark?.fleet === 'rival') expect(fleet.outside.thing(name)).toEqual(thing)
        }
      }
    }),
    { numRuns: 150 },
  )
})

test('over random failures: independent resources go on when one fails', async () => {
  await fc.assert(
    fc.asyncProperty(fleetOf, fc.subarray([...names]), async (wishes, failing) => {
      const fleet = modelledFleet({
        faults: {
          effect: (action) =>
            failing.some((name) => action.summary.endsWith(` ${name}`))
              ? { type: 'error-before', latency: 0, isForTime: false }
              : { type: 'done', latency: 0 },
        },
      })
      const resources = resourcesOf(wishes)
      await settled(fleet, resources)
      const broken = new Set<string>(failing)
      for (const { id, name, controls } of resources) {
        if (controls.dependsOn.some((on) => broken.has(on.slice('Model/'.length)))) broken.add(name)
        expect([id, fleet.outside.thing(name)?.state ?? 'absent']).toEqual([
          id,
          broken.has(name) ? 'absent' : 'running',
        ])
      }
    }),
    { numRuns: 100 },
  )
})
