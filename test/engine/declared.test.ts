import { expect, test } from 'vitest'
import { resourceId } from '../../src/core/resource.ts'
import { Declared } from '../../src/engine/declared.ts'
import { declare, model, modelledFleet } from '../support/modelled-fleet.ts'
import { findingOf, ownedOf } from './finding-fixture.ts'

const former = resourceId('Model', 'a@old')

test.each([
  { title: 'stays the same', since: 'new', decided: 'new', isDue: true },
  { title: 'gets another name once more', since: 'newest', decided: 'new', isDue: false },
  { title: 'is declared again', since: 'new', decided: undefined, isDue: false },
  { title: 'goes, too', since: undefined, decided: 'new', isDue: true },
])('what a resource was called before is due to go: its resource $title', ({ since, decided, isDue }) => {
  const { world } = modelledFleet()
  const declared = new Declared(world)
  const named = (name: string | undefined) => (name === undefined ? [] : [model('a', { name })])
  declared.take(declare([model('b'), ...named(since)]))
  const [successor] = named(decided)
  const finding = findingOf(former, undefined, {
    owned: ownedOf(former, { externalName: 'old' }),
    successor,
  })
  expect(declared.isStillDue(finding)).toBe(isDue)
})
