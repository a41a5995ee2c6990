import { describe, expect, it } from 'vitest'
import { setFunctionStage } from '../../support/function-fleet.ts'
import { killAndFinish } from '../../support/function-kills.ts'
import { rounds, seed, tell } from '../../support/havoc.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

describe(`a deploy that is cut off (CHAOS_SEED=${seed})`, () => {
  const functions = 100

  it(`of ${functions} functions leaves one published deploy, whole, in each of ${rounds} passes that are killed at random`, async () => {
    const stage = await setFunctionStage(functions)
    try {
      const random = new SeededRandom(seed)
      const kills = await killAndFinish(stage, { rounds, functions, random })
      const told = JSON.stringify(kills)
      tell(`passes over ${functions} functions were killed: ${told}`)
      expect(stage.simulator.violations).toEqual([])
      // The kills must hit what matters: before the deploy was begun, and between that and its end.
      expect(kills.fell.before, told).toBeGreaterThanOrEqual(Math.floor(rounds / 10))
      expect(kills.fell.during, told).toBeGreaterThanOrEqual(Math.floor(rounds / 10))
      // As many as promised were killed.
      expect(kills.missed, told).toBeLessThan(rounds)
    } finally {
      await stage.simulator.close()
      await stage.fleet.destroy()
    }
  }, 1_800_000)
})
