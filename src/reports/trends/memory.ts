import type { Duration } from '../../core/duration.ts'
import type { Sample } from '../../core/sample.ts'
import { medianOf, type Point, theilSen, thinned } from './slope.ts'

const minute: Duration = 60_000
/** Less than this says nothing of a leak: programs fill their caches first. */
const shortestSpan: Duration = 30 * minute
/** Beyond a week much else will happen first. */
const horizon: Duration = 7 * 24 * 60 * minute
/** A forecast reaches at most so many times as far as the data do. */
const reach = 8
/** Points that the data are thinned to. */
const spans = 48
const fewestPoints = 12
/** Of the limit: what grows less than that while we look may be anything. */
const smallestGrowth = 0.03

/** Memory that will pass its limit if it goes on as it does. */
export interface MemoryTrend {
  readonly type: 'memory'
  /** Bytes an hour, an instance: the likeliest, and the bounds. */
  readonly perHour: { readonly median: number; readonly low: number; readonly high: number }
  /** Bytes an instance now, and the limit. */
  readonly current: number
  readonly limit: number
  /** Epoch milliseconds: when it passes the limit at the likeliest pace; at the slowest it may be far off. */
  readonly passesAt: number
  readonly earliest: number
  readonly latest: number
  /** Over which time, milliseconds, was measured. */
  readonly window: Duration
}

/**
 * Whether memory will pass `limit` bytes an instance, from samples oldest first. Silent where the data do not support
 * it: too short, no certain growth, growth that slows down, or a limit too far off.
 */
export function findMemoryTrend(
  samples: readonly Sample[],
  settings: { readonly limit: number; readonly instances: number },
): MemoryTrend | undefined {
  const instances = Math.max(1, settings.instances)
  const { limit } = settings
  const runs = runsOf(samples, instances)
  const all = runs.flat()
  const [first, last] = [all[0], all.at(-1)]
  if (!first || !last) return undefined
  const window = last.at - first.at
  if (window < shortestSpan) return undefined
  const span = window / spans
  const thin = runs.map((run) => thinned(run, span)).filter((run) => run.length > 1)
  const slope = theilSen(thin)
  if (!slope || slope.points < fewestPoints || slope.low <= 0) return undefined
  // What fills a cache slows down; what leaks goes on.
  const middle = first.at + window / 2
  const recent = theilSen(thin.map((run) => run.filter(({ at }) => at >= middle)))
  if (!recent || recent.low <= 0 || recent.median < slope.median / 2) return undefined
  const growth = slope.median * window
  const newest = (thin.at(-1) ?? []).slice(-3).map(({ value }) => value)
  const current = medianOf(newest)
  if (growth < smallestGrowth * limit || current >= limit) return undefined
  const passesAt = last.at + (limit - current) / slope.median
  if (passesAt - last.at > Math.min(horizon, reach * window)) return undefined
  const hour = 60 * minute
  return {
    type: 'memory',
    perHour: { median: slope.median * hour, low: slope.low * hour, high: slope.high * hour },
    current,
    limit,
    passesAt,
    earliest: last.at + (limit - current) / slope.high,
    latest: last.at + (limit - current) / slope.low,
    window,
  }
}

/** Cut at each restart. PM2 says 0 where it could not measure. */
function runsOf(samples: readonly Sample[], instances: number): readonly (readonly Point[])[] {
  const runs: Point[][] = []
  let restarts: number | undefined
  let uptime = Number.POSITIVE_INFINITY
  for (const { at, values } of samples) {
    const { memoryBytes = 0 } = values
    const isNew = values.restarts !== restarts || (values.uptimeMs !== undefined && values.uptimeMs < uptime)
    restarts = values.restarts
    uptime = values.uptimeMs ?? Number.POSITIVE_INFINITY
    if (isNew || runs.length === 0) runs.push([])
    if (memoryBytes > 0) runs.at(-1)?.push({ at, value: memoryBytes / instances })
  }
  return runs.filter((run) => run.length > 0)
}
