import { parentPort } from 'node:worker_threads'
import { simulate } from './simulation.ts'
import { addTallies, emptyTally, type ModeChoice, modesOf, tallyOf } from './tally.ts'

/** Some seeds in a row, for one thread. */
export interface Chunk {
  readonly first: number
  readonly count: number
  readonly modes: ModeChoice
  readonly keepsGoing: boolean
}

/** Runs chunks of seeds as they are sent, and answers each with its tally. */
parentPort?.on('message', async ({ first, count, modes, keepsGoing }: Chunk) => {
  let tally = emptyTally
  for (let seed = first; seed < first + count; seed += 1) {
    if (tally.broken.length > 0 && !keepsGoing) break
    for (const mode of modesOf(seed, modes)) tally = addTallies(tally, tallyOf(await simulate(seed, mode)))
  }
  parentPort?.postMessage(tally)
})
