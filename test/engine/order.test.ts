import { expect, test } from 'vitest'
import { order } from '../../src/engine/order.ts'
import { model, modelId } from '../support/modelled-fleet.ts'
import { actionOf, findingOf, removal } from './finding-fixture.ts'

const create = { actions: [actionOf({ verb: 'create' })] }

function declared(name: string, ...dependsOn: string[]) {
  return findingOf(modelId(name), model(name, {}, { dependsOn: dependsOn.map(modelId) }), create)
}

const gone = (name: string) => findingOf(modelId(name), undefined, { actions: [removal] })

const cases = [
  {
    title: 'by name where nothing else speaks',
    given: [declared('c'), declared('a'), declared('b')],
    names: ['a', 'b', 'c'],
  },
  {
    title: 'dependencies before dependants, however deep',
    given: [declared('a', 'b'), declared('b', 'c'), declared('c'), declared('d')],
    names: ['c', 'd', 'b', 'a'],
  },
  {
    title: 'the longest way counts',
    given: [declared('a', 'c', 'b'), declared('b', 'c'), declared('c')],
    names: ['c', 'b', 'a'],
  },
  {
    title: 'what goes comes after what stays',
    given: [gone('a'), declared('b'), gone('c')],
    names: ['b', 'a', 'c'],
  },
  {
    title: 'a dependency outside the pass counts for nothing',
    given: [declared('b', 'elsewhere'), declared('a')],
    names: ['a', 'b'],
  },
]

test.each(cases)('$title', ({ given, names }) => {
  const expected = names.map(modelId)
  expect(order(given).map(({ id }) => id)).toEqual(expected)
  expect(order([...given].reverse()).map(({ id }) => id)).toEqual(expected)
})

test('a chain of 10,000 dependencies, whichever end is met first', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `m${String(index).padStart(5, '0')}`)
  const chain = names.map((name, index) => declared(name, ...names.slice(index + 1, index + 2)))
  const expected = [...names].reverse().map(modelId)
  expect(order(chain).map(({ id }) => id)).toEqual(expected)
  expect(order([...chain].reverse()).map(({ id }) => id)).toEqual(expected)
})
