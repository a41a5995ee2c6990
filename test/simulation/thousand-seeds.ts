import { expect } from 'vitest'
import { type Mode, simulate } from './simulation.ts'
import { addTallies, emptyTally, type Tally, tallyOf } from './tally.ts'

const partSize = 50

/** The first seeds of the parts into which a thousand seeds are cut, each well within a test's time. */
export function partsFrom(first: number): readonly number[] {
  return Array.from({ length: 20 }, (_, index) => first + index * partSize)
}

/** Runs one part; the first broken rule fails with the seed that replays it. */
export async function runPart(mode: Mode, first: number): Promise<Tally> {
  let tally = emptyTally
  for (let seed = first; seed < first + partSize; seed += 1) {
    const run = await simulate(seed, mode)
    expect({ seed, mode, violation: run.violation }).toEqual({ seed, mode, violation: undefined })
    tally = addTallies(tally, tallyOf(run))
  }
  return tally
}
