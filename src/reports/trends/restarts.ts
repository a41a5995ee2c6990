import type { Duration } from '../../core/duration.ts'
import type { Sample } from '../../core/sample.ts'
import { binomialTail } from './chance.ts'

const hour: Duration = 3_600_000
/** The time before the recent one must be this long at least: a young process has no usual rate. */
const shortestBaseline: Duration = 3 * hour
const fewestRestarts = 5
const smallestRatio = 2
/** How likely it may be that the usual rate did it: one false alarm in a thousand looks. */
const largestChance = 0.001
/** The recent time, as a share of all that is known. */
const recentShare = 0.2

/** It restarts more often than it used to. */
export interface RestartTrend {
  readonly type: 'restarts'
  /** Restarts an hour. */
  readonly recentPerHour: number
  readonly usualPerHour: number
  readonly restarts: number
  readonly window: Duration
  readonly baseline: Duration
}

/**
 * Whether restarts come more often in the newest part of the samples than in the time before, beyond what a constant
 * rate would do (the exact test for two Poisson counts). Samples oldest first.
 */
export function findRestartTrend(samples: readonly Sample[]): RestartTrend | undefined {
  const counted = samples.filter(({ values }) => values.restarts !== undefined)
  const [first, last] = [counted[0], counted.at(-1)]
  if (!first || !last) return undefined
  const whole = last.at - first.at
  const cut = last.at - whole * recentShare
  const before = counted.filter(({ at }) => at <= cut)
  const border = before.at(-1)
  if (!border || border.at - first.at < shortestBaseline) return undefined
  const baseline = border.at - first.at
  const window = last.at - border.at
  const usual = increaseOf(before)
  const recent = increaseOf([border, ...counted.slice(before.length)])
  if (recent < fewestRestarts || window <= 0) return undefined
  const [recentRate, usualRate] = [recent / window, usual / baseline]
  if (recentRate < smallestRatio * usualRate) return undefined
  const share = window / (window + baseline)
  if (binomialTail(recent, recent + usual, share) > largestChance) return undefined
  return {
    type: 'restarts',
    recentPerHour: recentRate * hour,
    usualPerHour: usualRate * hour,
    restarts: recent,
    window,
    baseline,
  }
}

/** A count that falls began anew: the process was made again. */
function increaseOf(samples: readonly Sample[]): number {
  let total = 0
  let before = samples[0]?.values.restarts ?? 0
  for (const { values } of samples.slice(1)) {
    const now = values.restarts ?? before
    total += now >= before ? now - before : now
    before = now
  }
  return total
}
