/** What several measurements of the same thing gave. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
  readonly runs: number
}

/** What the project asks of itself; judged by the median. */
export interface Target {
  readonly type: 'at most' | 'at least'
  readonly value: number
}

/** One line of the table. */
export interface Figure {
  readonly what: string
  /** `x` is a ratio, of pairs that were measured right after each other. */
  readonly unit: 'ms' | 'MB' | 'CPU ms' | '% CPU' | 'x' | 'times'
  readonly spread: Spread
  readonly target?: Target
}

/** One thing that is measured. */
export interface Bench {
  readonly name: string
  /** What was done, in one line. */
  readonly title: string
  /** Rejects where it could not be measured; a target that is missed is no failure. */
  run(): Promise<readonly Figure[]>
}

export const atMost = (value: number): Target => ({ type: 'at most', value })
export const atLeast = (value: number): Target => ({ type: 'at least', value })

export function isMet({ spread, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined
  return target.type === 'at most' ? spread.median <= target.value : spread.median >= target.value
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]]
  return {
    median: sorted.length % 2 === 1 ? high : (low + high) / 2,
    least: sorted[0] ?? 0,
    most: sorted.at(-1) ?? 0,
    runs: sorted.length,
  }
}

/** The spread of the ratios of each pair, not the ratio of two medians: both of a pair met the same machine. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Spread {
  return spreadOf(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)))
}
