import type { Sample } from '../../../src/core/sample.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'

export const minute = 60_000
export const hour = 60 * minute
export const mebibyte = 1024 ** 2
export const start = Date.UTC(2026, 2, 1)

/** Bell-shaped, by the sum of twelve uniform ones. */
function noise(random: SeededRandom, deviation: number): number {
  let sum = -6
  for (let index = 0; index < 12; index += 1) sum += random.next()
  return sum * deviation
}

/** How often something was found where it was, and where it was not. */
export class Tally {
  #found = 0
  #missed = 0
  #false = 0
  #silent = 0

  count(isThere: boolean, isFound: boolean): void {
    if (isThere && isFound) this.#found += 1
    else if (isThere) this.#missed += 1
    else if (isFound) this.#false += 1
    else this.#silent += 1
  }

  get precision(): number {
    return this.#found / Math.max(1, this.#found + this.#false)
  }

  get recall(): number {
    return this.#found / Math.max(1, this.#found + this.#missed)
  }

  /** For whoever reads the test's output. */
  line(name: string): string {
    const rates = `precision ${this.precision.toFixed(3)}, recall ${this.recall.toFixed(3)}`
    return `${this.counts(`${name}: ${rates}`)}`
  }

  counts(name: string): string {
    const counts = `${this.#found} found, ${this.#missed} missed, ${this.#false} false, ${this.#silent} rightly silent`
    return `${name}: ${counts}`
  }
}

export interface MemorySeries {
  readonly hours: number
  readonly every: number
  readonly base: number
  /** Bytes at a time since the start, milliseconds. */
  readonly shape: (elapsed: number) => number
  readonly noise: number
  /** How much a collection leaves behind, at most: memory saws between two of them. */
  readonly saw: number
  /** Elapsed times at which it was restarted; memory begins anew then. */
  readonly restarts?: readonly number[]
}

export function memorySamples(random: SeededRandom, series: MemorySeries): readonly Sample[] {
  const samples: Sample[] = []
  const restarts = series.restarts ?? []
  let sawtooth = 0
  for (let elapsed = 0; elapsed <= series.hours * hour; elapsed += series.every) {
    const done = restarts.filter((at) => at <= elapsed)
    const since = done.at(-1) ?? 0
    sawtooth = random.isLucky(0.1) ? 0 : Math.min(series.saw, sawtooth + series.saw / 8)
    const value = series.base + series.shape(elapsed - since) + sawtooth + noise(random, series.noise)
    samples.push({
      at: start + elapsed,
      values: {
        // Now and then the daemon could not measure.
        memoryBytes: random.isLucky(0.01) ? 0 : Math.max(mebibyte, value),
        restarts: done.length,
        uptimeMs: elapsed - since,
      },
    })
  }
  return samples
}

/** Counts that come at random at a rate, in restarts an hour, that may change with time. */
export function restartSamples(
  random: SeededRandom,
  options: { readonly hours: number; readonly rate: (elapsed: number) => number },
): readonly Sample[] {
  const samples: Sample[] = []
  let restarts = random.between(0, 20)
  for (let elapsed = 0; elapsed <= options.hours * hour; elapsed += minute) {
    if (random.isLucky(options.rate(elapsed) / 60)) restarts += 1
    samples.push({ at: start + elapsed, values: { restarts } })
  }
  return samples
}

/** Runs one an hour, each looked at three times. */
export function runSamples(
  random: SeededRandom,
  options: {
    readonly runs: number
    readonly seconds: (run: number) => number
    readonly spread: number
    readonly failing: (run: number) => number
  },
): readonly Sample[] {
  return Array.from({ length: options.runs }, (_, run) => {
    const isBad = random.isLucky(options.failing(run))
    const isGreen = !isBad || random.isLucky(0.7)
    const values = {
      runId: 1000 + run,
      runSeconds: Math.max(1, Math.round(options.seconds(run) * (1 + noise(random, options.spread)))),
      runAttempt: isBad && isGreen ? 2 : 1,
      green: isGreen ? 1 : 0,
    }
    return [0, 20, 40].map((minutes) => ({ at: start + run * hour + minutes * minute, values }))
  }).flat()
}
