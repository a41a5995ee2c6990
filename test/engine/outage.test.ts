import { expect, test } from 'vitest'
import { outageEvents } from '../../src/engine/outage.ts'
import { model, modelId } from '../support/modelled-fleet.ts'
import { findingOf, noon, ownedOf, stateOf, viewOf } from './finding-fixture.ts'

const old = modelId('old')
const other = modelId('other')
const marked = { ...stateOf(old), healthBeforeOutage: 'Healthy' as const }
const view = viewOf({
  inventory: new Map([[old, ownedOf(old)]]),
  states: new Map([[old, marked]]),
  unreadableDomains: new Set(['Model']),
})
const context = { declared: new Set([other]), now: noon }

const reasonsOf = (replaces: readonly (typeof old)[]) =>
  outageEvents([findingOf(other, model('other'), { replaces })], view, context).flatMap((entry) =>
    entry.type === 'event' ? [entry.event.reason] : [],
  )

test('an outage is not over while something of its domain was not read again', () => {
  expect(reasonsOf([])).toEqual([])
})

test('what was read under its new id is not waited for under its old one', () => {
  expect(reasonsOf([old])).toEqual(['DomainReadable'])
})
