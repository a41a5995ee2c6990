import { afterEach, describe, expect, it } from 'vitest'
import { callVerb } from '../support/called.ts'
import { type FunctionFleet, setFunctionStage } from '../support/function-fleet.ts'

let stage: FunctionFleet

afterEach(async () => {
  await stage.simulator.close()
  await stage.fleet.destroy()
})

describe('a pass over functions', () => {
  const cases = [
    { where: 'on a terminal says how many are bundled and uploaded', isTerminal: true },
    { where: 'in a pipe says nothing of it', isTerminal: false },
  ]
  for (const { where, isTerminal } of cases) {
    it(where, async () => {
      stage = await setFunctionStage(3)
      const { folder } = stage.fleet
      const { status, out, err } = await callVerb(folder, [], { env: stage.env, isTerminal })
      expect(status, `${out}${err}`).toBe(0)
      for (const progress of ['bundled 2/3 functions', 'uploaded 3/3 functions']) {
        expect(err.includes(`FunctionSet/site: ${progress}`)).toBe(isTerminal)
        expect(out).not.toContain(progress)
      }
    }, 60_000)
  }
})
