import { expect, test } from 'vitest'
import { safetyRules } from './rules.ts'
import { simulate } from './simulation.ts'
import { addTallies, emptyTally } from './tally.ts'
import { partsFrom, runPart } from './thousand-seeds.ts'
import { faultTypes } from './weather.ts'

let sum = emptyTally

test.each(partsFrom(1))(
  'faults that never stop break no rule, seeds from %i on',
  async (first) => {
    sum = addTallies(sum, await runPart('safety', first))
  },
  300_000,
)

test('in these thousand seeds every fault struck and every rule was checked', () => {
  expect([...sum.injected.keys()].toSorted()).toEqual(faultTypes.toSorted())
  expect([...sum.checked.keys()].toSorted()).toEqual(safetyRules.toSorted())
})

/**
 * Of one seed each, on every machine and with every version of Node. Another hash after a change of the engine or of the
 * simulation is no fault: run this test, see that only this differs, and write down the new hashes that it prints.
 */
test('one seed is the same run everywhere', async () => {
  const hashes = [(await simulate(42, 'safety')).traceHash, (await simulate(42, 'liveness')).traceHash]
  expect(hashes).toEqual(['d101c10e-305', '11c2988f-318'])
})

test('one seed replays a run to the last letter of its trace', async () => {
  for (const mode of ['safety', 'liveness'] as const) {
    const first = await simulate(42, mode)
    const second = await simulate(42, mode)
    expect(second.traceHash).toBe(first.traceHash)
    expect(second.trace).toEqual(first.trace)
    expect((await simulate(43, mode)).traceHash).not.toBe(first.traceHash)
  }
})
