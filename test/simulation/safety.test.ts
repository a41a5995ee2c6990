import { expect, test } from 'vitest'
import { safetyRules } from './rules.ts'
import { simulate } from './simulation.ts'
import { faultTypes } from './weather.ts'

/** A thousand seeds in parts, each well within a test's time. */
const parts = Array.from({ length: 20 }, (_, index) => index * 50 + 1)

test.each(parts)('faults that never stop break no rule, seeds from %i on', async (first) => {
  for (let seed = first; seed < first + 50; seed += 1) {
    const { violation } = await simulate(seed, 'safety')
    expect({ seed, violation }).toEqual({ seed, violation: undefined })
  }
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

test('every fault strikes and every rule is checked within a few hundred seeds', async () => {
  const injected = new Set<string>()
  const checked = new Set<string>()
  for (let seed = 5_000; seed < 5_120; seed += 1) {
    const run = await simulate(seed, 'safety')
    for (const type of run.injected.keys()) injected.add(type)
    for (const rule of run.checked.keys()) checked.add(rule)
  }
  expect([...injected].sort()).toEqual([...faultTypes].sort())
  expect([...checked].sort()).toEqual([...safetyRules].sort())
})
