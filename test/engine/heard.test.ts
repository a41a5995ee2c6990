import { expect, test } from 'vitest'
import type { LedgerView } from '../../src/core/ledger.ts'
import type { Suspension } from '../../src/core/resource.ts'
import type { ResourceStatus } from '../../src/core/status.ts'
import { heardStates } from '../../src/engine/heard.ts'
import { model, modelId } from '../support/modelled-fleet.ts'
import { noon, stateOf, viewOf } from './finding-fixture.ts'

const id = modelId('a')
const word: Suspension = { reason: 'release', by: 'ann', until: undefined }
const commanded = { suspensions: new Map([[id, word]]) }
const healthy = { type: 'Healthy', status: 'True', reason: 'Running', message: 'runs', since: 0 } as const
const suspended = { type: 'Suspended', status: 'True', reason: 'Suspended', message: 'x', since: 0 } as const
const wasSuspended: Partial<ResourceStatus> = {
  health: 'Suspended',
  reason: 'Suspended',
  message: 'suspended by ann: release; runs',
  conditions: [{ ...healthy, status: 'False', reason: 'Suspended' }, suspended],
  isExcused: true,
}

function heard(
  status: Partial<ResourceStatus>,
  said: Partial<LedgerView>,
  resources = [model('a')],
): ResourceStatus | undefined {
  const view = viewOf({ states: new Map([[id, stateOf(id, { status })]]), ...said })
  return heardStates(view, { resources, missing: [] }, noon).get(id)?.status
}

test('who suspends is told so before a pass has come', () => {
  expect(heard({ conditions: [healthy] }, commanded)).toMatchObject({
    health: 'Suspended',
    message: 'suspended by ann: release; runs',
    isExcused: true,
    conditions: [
      { type: 'Healthy', status: 'False', reason: 'Suspended', since: noon },
      { type: 'Suspended', status: 'True', message: 'until it is resumed: release' },
    ],
  })
})

test('a manifest that suspends since then is heard as well', () => {
  const resources = [model('a', {}, { suspend: word })]
  expect(heard({}, {}, resources)).toMatchObject({ health: 'Suspended' })
})

test.each([
  ['of what nothing was seen nothing is known', { health: 'Unknown', reason: 'NotRead' }, commanded],
  ['who was told already is not told again', wasSuspended, commanded],
  [
    'a suspension whose time is over suspends nothing',
    {},
    { suspensions: new Map([[id, { ...word, until: noon }]]) },
  ],
  ['nothing was said', {}, {}],
  ['the fleet is still down', { health: 'Suspended', reason: 'FleetDown' }, { isDown: true }],
] as const)('stays as it was seen: %s', (_, status, said) => {
  expect(heard(status, said)).toEqual(stateOf(id, { status }).status)
})

test('what is no longer declared is held by command as well', () => {
  const waiting = { health: 'Progressing', reason: 'NotDeclared', message: 'pending deletion' } as const
  expect(heard(waiting, commanded, [])).toMatchObject({
    health: 'Suspended',
    message: 'suspended by ann: release; pending deletion',
    isExcused: true,
  })
})

test('what was suspended is unknown until it is looked at, and excused no more', () => {
  expect(heard(wasSuspended, {})).toMatchObject({
    health: 'Unknown',
    reason: 'NotLookedAt',
    message: 'no longer suspended; no pass has looked at it since',
    isExcused: false,
    conditions: [{ type: 'Healthy', status: 'Unknown', reason: 'NotLookedAt', since: noon }],
  })
})

test('what stood still with its fleet is unknown once that is up', () => {
  const down = { health: 'Suspended', reason: 'FleetDown', isExcused: true } as const
  expect(heard(down, {})).toMatchObject({
    health: 'Unknown',
    message: 'the fleet is no longer down; no pass has looked at it since',
    isExcused: false,
  })
})

test('nothing is known of what a broken manifest declares, where nothing stands in for it', () => {
  const states = new Map([[id, stateOf(id, { status: { conditions: [healthy] } })]])
  const heardOf = (missing: readonly (typeof id)[]) =>
    heardStates(viewOf({ states }), { resources: [], missing }, noon).get(id)?.status
  expect(heardOf([id])).toMatchObject({
    health: 'Unknown',
    sync: 'Unknown',
    reason: 'ManifestBroken',
    observedAt: states.get(id)?.status.observedAt,
    conditions: [
      {
        type: 'Healthy',
        status: 'Unknown',
        reason: 'ManifestBroken',
        since: states.get(id)?.status.observedAt,
      },
    ],
  })
  expect(heardOf([modelId('b')])).toEqual(states.get(id)?.status)
})
