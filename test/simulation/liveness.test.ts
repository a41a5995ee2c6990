import { expect, test } from 'vitest'
import { addTallies, emptyTally } from './tally.ts'
import { partsFrom, runPart } from './thousand-seeds.ts'

let sum = emptyTally

test.each(partsFrom(1_001))(
  'when the faults stop it converges and stays, seeds from %i on',
  async (first) => {
    sum = addTallies(sum, await runPart('liveness', first))
  },
)

test('every one of these thousand seeds was judged at its end', () => {
  // One in eight a second time, after something went that nobody was told of.
  expect(sum.checked.get('converges')).toBe(1_125)
  expect(sum.checked.get('stays-converged')).toBe(2_000)
})
