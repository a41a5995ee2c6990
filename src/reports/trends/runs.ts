import type { Duration } from '../../core/duration.ts'
import type { Sample } from '../../core/sample.ts'
import { fisherTail, mannWhitneyTail } from './chance.ts'
import { medianOf } from './slope.ts'

const fewestBefore = 10
const fewestRecent = 5
const mostRecent = 20
/** The newest third of the runs are the recent ones. */
const recentShare = 1 / 3
/** Half a percent: one false alarm in two hundred workflows looked at. */
const largestChance = 0.005
const smallestSlowdown = 1.25
/** Seconds: what is less nobody waits for. */
const smallestDelay = 10
/** Of all runs: a smaller difference in failures is not worth a word. */
const smallestDifference = 0.15

/** One run of a workflow that has ended. */
export interface EndedRun {
  readonly at: number
  readonly seconds: number
  /** Whether it was green at its first attempt. */
  readonly isClean: boolean
  readonly isGreen: boolean
}

/** Green runs take longer than they used to. */
export interface SlowerTrend {
  readonly type: 'slower'
  /** Medians, seconds. */
  readonly recentSeconds: number
  readonly usualSeconds: number
  readonly runs: number
  readonly before: number
  readonly window: Duration
}

/** Runs fail, or need another attempt, more often than they used to. */
export interface FlakierTrend {
  readonly type: 'flakier'
  /** Shares of the runs, 0 to 1. */
  readonly recentShare: number
  readonly usualShare: number
  readonly runs: number
  readonly before: number
  readonly window: Duration
}

/** Each run once: samples say of the newest run what is known of it, again and again. Oldest first. */
export function runsOf(samples: readonly Sample[]): readonly EndedRun[] {
  const byRun = new Map<string, EndedRun>()
  let anonymous = 0
  let last = ''
  for (const { at, values } of samples) {
    const { runSeconds, runAttempt = 1, green = 0, runId } = values
    if (runSeconds === undefined) continue
    const facts = `${runSeconds} ${runAttempt} ${green}`
    // Without its number a run is told from the one before by what is known of it.
    if (runId === undefined && facts !== last) anonymous += 1
    last = facts
    const key = runId === undefined ? `anonymous ${anonymous}` : String(runId)
    const first = byRun.get(key)
    byRun.set(key, {
      at: first?.at ?? at,
      seconds: runSeconds,
      isGreen: green === 1,
      isClean: green === 1 && runAttempt === 1 && (first?.isClean ?? true),
    })
  }
  return [...byRun.values()]
}

function split(runs: readonly EndedRun[]) {
  const count = Math.min(mostRecent, Math.max(fewestRecent, Math.floor(runs.length * recentShare)))
  const before = runs.slice(0, -count)
  const recent = runs.slice(-count)
  const [first, last] = [recent[0], recent.at(-1)]
  if (before.length < fewestBefore || recent.length < fewestRecent || !first || !last) return undefined
  return { before, recent, window: last.at - first.at }
}

/** Whether the newest green runs take longer than those before, beyond what chance would do (Mann and Whitney). */
export function findSlowerTrend(runs: readonly EndedRun[]): SlowerTrend | undefined {
  const parts = split(runs.filter(({ isGreen }) => isGreen))
  if (!parts) return undefined
  const before = parts.before.map(({ seconds }) => seconds)
  const recent = parts.recent.map(({ seconds }) => seconds)
  const [usualSeconds, recentSeconds] = [medianOf(before), medianOf(recent)]
  const isFelt =
    recentSeconds >= smallestSlowdown * usualSeconds && recentSeconds - usualSeconds >= smallestDelay
  if (!isFelt || mannWhitneyTail(before, recent) > largestChance) return undefined
  return {
    type: 'slower',
    recentSeconds,
    usualSeconds,
    runs: recent.length,
    before: before.length,
    window: parts.window,
  }
}

/** Whether fewer of the newest runs are green at once than of those before, beyond chance (Fisher's exact test). */
export function findFlakierTrend(runs: readonly EndedRun[]): FlakierTrend | undefined {
  const parts = split(runs)
  if (!parts) return undefined
  const count = (some: readonly EndedRun[]) => ({
    hits: some.filter(({ isClean }) => !isClean).length,
    tries: some.length,
  })
  const [before, recent] = [count(parts.before), count(parts.recent)]
  const [usualShare, recentShareOf] = [before.hits / before.tries, recent.hits / recent.tries]
  if (recentShareOf - usualShare < smallestDifference) return undefined
  if (fisherTail(before, recent) > largestChance) return undefined
  return {
    type: 'flakier',
    recentShare: recentShareOf,
    usualShare,
    runs: recent.tries,
    before: before.tries,
    window: parts.window,
  }
}
