/** A measurement at a time, epoch milliseconds. */
export interface Point {
  readonly at: number
  readonly value: number
}

/** How fast something grows, per millisecond, and between which bounds that lies with 99 % certainty. */
export interface Slope {
  readonly median: number
  readonly low: number
  readonly high: number
  /** How many points it rests on. */
  readonly points: number
}

/** Quantile of the normal distribution for 99 % between both bounds. */
const certainty = 2.576

/**
 * The slope of Theil and Sen: the median over all pairs of points, which up to 29 % of outliers do not move; its
 * bounds are those of Sen (Estimates of the regression coefficient based on Kendall's tau, 1968). Points of different
 * runs are never paired: after a restart memory begins anew. Undefined: too few points for any bounds.
 */
export function theilSen(runs: readonly (readonly Point[])[]): Slope | undefined {
  const slopes: number[] = []
  let variance = 0
  let points = 0
  for (const run of runs) {
    if (run.length < 2) continue
    points += run.length
    variance += (run.length * (run.length - 1) * (2 * run.length + 5)) / 18
    for (const [index, first] of run.entries()) {
      for (const second of run.slice(index + 1)) {
        if (second.at > first.at) slopes.push((second.value - first.value) / (second.at - first.at))
      }
    }
  }
  const spread = certainty * Math.sqrt(variance)
  const low = Math.floor((slopes.length - spread) / 2)
  const high = Math.ceil((slopes.length + spread) / 2)
  if (low < 0 || high >= slopes.length) return undefined
  const sorted = slopes.toSorted((a, b) => a - b)
  return {
    median: medianOf(sorted),
    low: sorted[low] ?? Number.NEGATIVE_INFINITY,
    high: sorted[high] ?? Number.POSITIVE_INFINITY,
    points,
  }
}

/** NaN for nothing. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper
}

/**
 * One point for each of `count` equal spans of time, the median of what lies in it: neighbours depend on each other
 * (memory between two collections), and bounds that took each for itself would be too narrow.
 */
export function thinned(points: readonly Point[], span: number): readonly Point[] {
  const groups = Map.groupBy(points, ({ at }) => Math.floor(at / span))
  return [...groups.values()].map((group) => ({
    at: medianOf(group.map(({ at }) => at)),
    value: medianOf(group.map(({ value }) => value)),
  }))
}
