import { expect, test } from 'vitest'
import type { FleetSettings } from '../../src/core/fleet.ts'
import type { Assessment } from '../../src/core/reconciler.ts'
import { nextVisit } from '../../src/engine/schedule.ts'
import { noFaults } from '../support/model-faults.ts'
import { modelReconciler } from '../support/modelled-domain.ts'
import { defaultControls, defaultFleet, modelId, resourceOf } from '../support/modelled-fleet.ts'
import { ModelledWorld } from '../support/modelled-world.ts'
import { SimulatedTime } from '../support/simulated-clock.ts'
import { findingOf, noon, stateOf, viewOf } from './finding-fixture.ts'

const time = new SimulatedTime()
const model = modelReconciler({
  world: new ModelledWorld(() => time.now),
  clock: time.clock(),
  faults: noFaults,
})
const id = modelId('a')

function visit(
  assessment: Partial<Assessment>,
  declared: {
    readonly interval?: number
    readonly fleet?: Partial<FleetSettings>
    readonly sinceFirstBeat?: number
  } = {},
): number {
  const resource = resourceOf('Model', 'a', { program: 'a.mjs' })
  const desired = { ...resource, controls: { ...defaultControls, interval: declared.interval } }
  const finding = findingOf(id, desired)
  return nextVisit(
    { reconcilers: new Map([['Model', model]]) },
    { ...finding, assessment: { ...finding.assessment, ...assessment } },
    {
      fleet: { ...defaultFleet, ...declared.fleet },
      state: stateOf(id),
      view: viewOf(),
      now: noon,
      sinceFirstBeat: declared.sinceFirstBeat ?? 0,
    },
  )
}

test('what a domain leaves alone for longer is visited later, and sooner where its verdict may change', () => {
  expect(visit({})).toBe(model.defaultInterval)
  expect(visit({ restFor: 1_800_000 })).toBe(1_800_000)
  expect(visit({ restFor: 1_800_000, recheckAfter: 600_000 })).toBe(600_000)
})

test('a declared interval holds whatever the domain says', () => {
  expect(visit({ restFor: 1_800_000 }, { interval: 60_000 })).toBe(60_000)
  expect(visit({ restFor: 1_800_000 }, { fleet: { intervals: { Model: 120_000 } } })).toBe(120_000)
})

test('whenever it was woken, it is visited together with all others, and longer intervals on beats of shorter ones', () => {
  expect(visit({}, { interval: 10_000, sinceFirstBeat: 3_000 })).toBe(7_000)
  expect(visit({}, { interval: 10_000, sinceFirstBeat: 12_500 })).toBe(7_500)
  expect(visit({}, { interval: 30_000, sinceFirstBeat: 12_500 })).toBe(17_500)
})
