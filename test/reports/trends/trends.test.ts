import { describe, expect, test } from 'vitest'
import { findTrends } from '../../../src/reports/trends/find-trends.ts'
import { findMemoryTrend } from '../../../src/reports/trends/memory.ts'
import { findRestartTrend } from '../../../src/reports/trends/restarts.ts'
import { findFlakierTrend, findSlowerTrend, runsOf } from '../../../src/reports/trends/runs.ts'
import { medianOf, theilSen } from '../../../src/reports/trends/slope.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import {
  hour,
  type MemorySeries,
  mebibyte,
  memorySamples,
  minute,
  restartSamples,
  runSamples,
  start,
  Tally,
} from './series.ts'

const rounds = 60

/** Figures for whoever reads the test's output. */
function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const limit = 512 * mebibyte

/** Series with a known answer: whether the limit will be passed within the reach of a forecast. */
const memoryKinds: Readonly<
  Record<string, { readonly leaks: boolean; readonly make: (random: SeededRandom) => MemorySeries }>
> = {
  'a steady leak': {
    leaks: true,
    make: (random) => {
      const perHour = (4 + random.next() * 20) * mebibyte
      return { ...quiet(random), hours: 6, shape: (elapsed) => (perHour * elapsed) / hour }
    },
  },
  'a slow leak, seen for a day': {
    leaks: true,
    make: (random) => {
      const perHour = (2.5 + random.next() * 2) * mebibyte
      return {
        ...quiet(random),
        hours: 24,
        every: 10 * minute,
        shape: (elapsed) => (perHour * elapsed) / hour,
      }
    },
  },
  'a leak in steps, under saw teeth': {
    leaks: true,
    make: (random) => ({
      ...quiet(random),
      hours: 8,
      saw: 40 * mebibyte,
      shape: (elapsed) => Math.floor(elapsed / (20 * minute)) * 6 * mebibyte,
    }),
  },
  'a leak that a restart cut': {
    leaks: true,
    make: (random) => ({
      ...quiet(random),
      hours: 8,
      restarts: [3 * hour],
      shape: (elapsed) => (18 * mebibyte * elapsed) / hour,
    }),
  },
  'a level one': { leaks: false, make: (random) => ({ ...quiet(random), hours: 8, shape: () => 0 }) },
  'a level one with saw teeth': {
    leaks: false,
    make: (random) => ({ ...quiet(random), hours: 8, saw: 120 * mebibyte, shape: () => 0 }),
  },
  'caches that fill': {
    leaks: false,
    make: (random) => ({
      ...quiet(random),
      hours: 8,
      shape: (elapsed) => 150 * mebibyte * (1 - Math.exp(-elapsed / hour)),
    }),
  },
  'waves of a day': {
    leaks: false,
    make: (random) => ({
      ...quiet(random),
      hours: 48,
      every: 10 * minute,
      shape: (elapsed) => 60 * mebibyte * Math.sin((2 * Math.PI * elapsed) / (24 * hour)),
    }),
  },
  'one that fell': {
    leaks: false,
    make: (random) => ({ ...quiet(random), hours: 8, shape: (elapsed) => (-5 * mebibyte * elapsed) / hour }),
  },
  'growth that needs years': {
    leaks: false,
    make: (random) => ({ ...quiet(random), hours: 8, shape: (elapsed) => (0.1 * mebibyte * elapsed) / hour }),
  },
  'ten minutes of anything': {
    leaks: false,
    make: (random) => ({
      ...quiet(random),
      hours: 1 / 6,
      every: 10_000,
      shape: (elapsed) => (100 * mebibyte * elapsed) / hour,
    }),
  },
}

function quiet(random: SeededRandom): Omit<MemorySeries, 'shape' | 'hours'> {
  return {
    every: minute,
    base: (80 + random.next() * 100) * mebibyte,
    noise: (0.5 + random.next() * 4) * mebibyte,
    saw: (2 + random.next() * 15) * mebibyte,
  }
}

describe('memory', () => {
  test('that will pass its limit is found, and no other', () => {
    const tally = new Tally()
    for (const [index, [name, { leaks, make }]] of Object.entries(memoryKinds).entries()) {
      const own = new Tally()
      for (let round = 0; round < rounds; round += 1) {
        const random = new SeededRandom(1000 * index + round)
        const trend = findMemoryTrend(memorySamples(random, make(random)), { limit, instances: 1 })
        tally.count(leaks, trend !== undefined)
        own.count(leaks, trend !== undefined)
      }
      say(own.counts(`  ${name}`))
    }
    say(tally.line('memory'))
    expect(tally.precision).toBeGreaterThanOrEqual(0.97)
    expect(tally.recall).toBeGreaterThanOrEqual(0.9)
  })

  test('is forecast with bounds that hold the true time', () => {
    let held = 0
    for (let round = 0; round < rounds; round += 1) {
      const random = new SeededRandom(round)
      const base = 100 * mebibyte
      const series = {
        ...quiet(random),
        base,
        saw: 0,
        hours: 8,
        shape: (at: number) => (20 * mebibyte * at) / hour,
      }
      const trend = findMemoryTrend(memorySamples(random, series), { limit, instances: 1 })
      const truth = start + ((limit - base) / (20 * mebibyte)) * hour
      if (!trend) continue
      expect(Math.abs(trend.passesAt - truth)).toBeLessThan(2 * hour)
      expect(trend.earliest).toBeLessThanOrEqual(trend.passesAt)
      expect(trend.passesAt).toBeLessThanOrEqual(trend.latest)
      if (trend.earliest <= truth + hour / 4 && truth - hour / 4 <= trend.latest) held += 1
    }
    say(`  the bounds held the true time in ${held} of ${rounds}`)
    expect(held).toBeGreaterThanOrEqual(0.95 * rounds)
  })

  test('is counted an instance, as its limit is', () => {
    const random = new SeededRandom(7)
    const one = memorySamples(random, {
      ...quiet(random),
      hours: 8,
      shape: (at) => (20 * mebibyte * at) / hour,
    })
    const four = one.map(({ at, values }) => ({
      at,
      values: { ...values, memoryBytes: (values.memoryBytes ?? 0) * 4 },
    }))
    const alone = findMemoryTrend(one, { limit, instances: 1 })
    expect(alone).toBeDefined()
    expect(findMemoryTrend(four, { limit, instances: 4 })).toEqual(alone)
  })
})

describe('restarts', () => {
  test('that come more often than they used to are found, and no others', () => {
    const tally = new Tally()
    for (let round = 0; round < 2 * rounds; round += 1) {
      const random = new SeededRandom(round)
      const usual = random.next() * 0.6
      const late = (elapsed: number) => elapsed > 20 * hour
      const kinds = [
        { rises: false, rate: () => usual },
        { rises: false, rate: () => 0 },
        { rises: false, rate: (elapsed: number) => (late(elapsed) ? usual / 3 : usual) },
        { rises: true, rate: (elapsed: number) => (late(elapsed) ? 2 * usual + 3 : usual) },
        { rises: true, rate: (elapsed: number) => (late(elapsed) ? 6 : 0.1) },
      ]
      for (const { rises, rate } of kinds) {
        tally.count(rises, findRestartTrend(restartSamples(random, { hours: 24, rate })) !== undefined)
      }
    }
    say(tally.line('restarts'))
    expect(tally.precision).toBeGreaterThanOrEqual(0.97)
    expect(tally.recall).toBeGreaterThanOrEqual(0.9)
  })

  test('are not counted as falling where the process was made anew', () => {
    const samples = [0, 5, 6, 0, 1, 2, 3, 5, 8, 11].map((restarts, index) => ({
      at: start + index * hour,
      values: { restarts },
    }))
    expect(findRestartTrend(samples)?.restarts).toBeUndefined()
    const rising = [0, 0, 0, 0, 0, 0, 0, 0, 9, 18].map((restarts, index) => ({
      at: start + index * hour,
      values: { restarts },
    }))
    expect(findRestartTrend(rising)).toMatchObject({ restarts: 18, usualPerHour: 0 })
  })
})

describe('runs of a workflow', () => {
  test('that became slower are found, and no others', () => {
    const tally = new Tally()
    for (let round = 0; round < 3 * rounds; round += 1) {
      const random = new SeededRandom(round)
      const usual = 60 + random.next() * 600
      const runs = random.between(40, 90)
      const spread = 0.05 + random.next() * 0.15
      const seconds = [
        { slower: false, of: () => usual },
        { slower: false, of: (run: number) => (run > runs * 0.7 ? usual * 0.7 : usual) },
        { slower: true, of: (run: number) => (run > runs * 0.7 ? usual * 1.6 : usual) },
      ]
      for (const { slower, of } of seconds) {
        const samples = runSamples(random, { runs, seconds: of, spread, failing: () => 0.05 })
        tally.count(slower, findSlowerTrend(runsOf(samples)) !== undefined)
      }
    }
    say(tally.line('slower'))
    expect(tally.precision).toBeGreaterThanOrEqual(0.97)
    expect(tally.recall).toBeGreaterThanOrEqual(0.9)
  })

  test('that became flakier are found, and few others', () => {
    const tally = new Tally()
    for (let round = 0; round < 3 * rounds; round += 1) {
      const random = new SeededRandom(round)
      const runs = random.between(60, 90)
      const usual = random.next() * 0.1
      const kinds = [
        { flakier: false, failing: () => usual },
        { flakier: false, failing: () => 0.3 },
        { flakier: true, failing: (run: number) => (run > runs * 0.7 ? 0.65 : usual) },
      ]
      for (const { flakier, failing } of kinds) {
        const samples = runSamples(random, { runs, seconds: () => 100, spread: 0.1, failing })
        tally.count(flakier, findFlakierTrend(runsOf(samples)) !== undefined)
      }
    }
    say(tally.line('flakier'))
    expect(tally.precision).toBeGreaterThanOrEqual(0.97)
    expect(tally.recall).toBeGreaterThanOrEqual(0.9)
  })

  test('count once, however often they were looked at', () => {
    const samples = runSamples(new SeededRandom(1), {
      runs: 12,
      seconds: () => 100,
      spread: 0.1,
      failing: () => 0.3,
    })
    expect(runsOf(samples)).toHaveLength(12)
    const withoutNumbers = samples.map(({ at, values: { runId: _, ...values } }) => ({ at, values }))
    expect(runsOf(withoutNumbers).length).toBeLessThanOrEqual(12)
  })
})

describe('the slope', () => {
  test('is not moved by a quarter of outliers', () => {
    const points = Array.from({ length: 40 }, (_, index) => ({
      at: index,
      value: index % 4 === 0 ? 10_000 : 3 * index + 5,
    }))
    expect(theilSen([points])?.median).toBeCloseTo(3, 0)
  })

  test('has no bounds from three points', () => {
    expect(theilSen([[0, 1, 2].map((at) => ({ at, value: at }))])).toBeUndefined()
    expect(theilSen([])).toBeUndefined()
  })

  test('takes no pair across a restart', () => {
    const rising = (from: number) => Array.from({ length: 20 }, (_, at) => ({ at: from + at, value: at }))
    expect(theilSen([rising(0), rising(100)])?.median).toBe(1)
  })
})

test('the median is the middle', () => {
  expect(medianOf([3, 1, 2])).toBe(2)
  expect(medianOf([4, 1, 3, 2])).toBe(2.5)
  expect(medianOf([])).toBeNaN()
})

test('nothing is found in nothing', () => {
  expect(findTrends([], { memoryLimit: 1, instances: 1 })).toEqual([])
  const one = [{ at: start, values: { memoryBytes: 1, restarts: 0, runSeconds: 1 } }]
  expect(findTrends(one, { memoryLimit: 10, instances: 1 })).toEqual([])
})
