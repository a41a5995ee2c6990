import { expect, test } from 'vitest'
import { simulate } from './simulation.ts'

/** Another thousand seeds. */
const parts = Array.from({ length: 20 }, (_, index) => 1_000 + index * 50 + 1)

test.each(parts)('when the faults stop it converges and stays, seeds from %i on', async (first) => {
  for (let seed = first; seed < first + 50; seed += 1) {
    const { violation } = await simulate(seed, 'liveness')
    expect({ seed, violation }).toEqual({ seed, violation: undefined })
  }
})
