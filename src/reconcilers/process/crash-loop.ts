import type { Duration } from '../../core/duration.ts'
import type { History } from '../../core/reconciler.ts'

/** How far back restarts are counted. PM2 itself gives up after 16 quick ones, which takes seconds. */
const lookBack: Duration = 600_000

/** Fewer are somebody's doing: a deployment, a person, a `maxMemory` that was reached once. */
const fewest = 3

/** The default first back-off: what our own restart has cured must not be restarted again. */
const quickest: Duration = 5_000

export interface CrashLoop {
  readonly restarts: number
  /** Over how long they were counted. */
  readonly span: Duration
  /** How long it must stay up to be out of it. */
  readonly until: Duration
  /** Whether it has only just come up: a restart then loses nothing. */
  readonly isFresh: boolean
}

/**
 * Whether the restart count keeps rising although PM2 says online; PM2 gives up only on what dies before `minUptime`.
 * The lifetime count says nothing by itself (it never falls, and counts restarts by hand), so its rise is looked at:
 * three or more within ten minutes and since we ourselves did something (each of our restarts would otherwise be the
 * reason for the next), and since the last one it has not yet stayed up for twice the mean time between
 * them. So a quick loop is left after seconds, and one of a crash every two minutes is still seen.
 */
export function findCrashLoop(
  now: {
    readonly restarts: number
    readonly uptime: Duration
    /** Epoch milliseconds of our own last action, whose restarts are no crashes; ahead, it is from before a set-back. */
    readonly actedAt: number
  },
  history: History,
): CrashLoop | undefined {
  const actedAt = now.actedAt > history.now ? 0 : now.actedAt
  // A reading of the very millisecond in which we acted is what we acted upon.
  const isSince = (at: number) => at > actedAt && at >= history.now - lookBack
  const samples = history.samples.filter(({ at, values }) => isSince(at) && values.restarts !== undefined)
  let restarts = 0
  let start: number | undefined
  for (const [index, sample] of samples.entries()) {
    const next = samples[index + 1]?.values.restarts ?? now.restarts
    // A count that fell belongs to a process that was made anew.
    const rise = next - (sample.values.restarts ?? next)
    if (rise < 0) {
      restarts = 0
      start = undefined
    } else if (rise > 0) {
      start ??= sample.at
      restarts += rise
    }
  }
  if (start === undefined || restarts < fewest) return undefined
  const span = history.now - start
  const until = Math.max(quickest, (2 * span) / restarts)
  if (now.uptime >= until) return undefined
  return { restarts, span, until, isFresh: now.uptime < quickest }
}
