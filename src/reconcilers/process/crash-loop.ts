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

/** The restarts of one process, at one moment. */
export interface RestartCount {
  readonly restarts: number
  /** When one was last asked for (PM2's `created_at`), of whichever process of the name; undefined: PM2 does not say. */
  readonly askedAt: number | undefined
}

/** Under which of its measurements the restarts of one process of several are kept. */
export function restartsKey(pmId: number): string {
  return `restarts#${pmId}`
}

/**
 * Whether the restart count of a process keeps rising although PM2 says online; PM2 gives up only on what dies before
 * `minUptime`. The lifetime count says nothing by itself (it never falls, and counts restarts by hand), so its rise is
 * looked at: three or more within ten minutes and since we ourselves did something (each of our restarts would otherwise be
 * the reason for the next), and since the last one it has not yet stayed up for twice the mean time between
 * them. So a quick loop is left after seconds, and one of a crash every two minutes is still seen. Each process counts for
 * itself: a reload of four is one restart of each.
 */
export function findCrashLoop(
  now: RestartCount & {
    readonly pmId: number
    readonly uptime: Duration
    /** Epoch milliseconds of our own last action, whose restarts are no crashes; ahead, it is from before a set-back. */
    readonly actedAt: number
    /** Whether what was asked for counts too: PM2 itself asks for a restart where there is too little memory. */
    readonly countsAsked: boolean
  },
  history: History,
): CrashLoop | undefined {
  const actedAt = now.actedAt > history.now ? 0 : now.actedAt
  // A reading of the very millisecond in which we acted is what we acted upon.
  const isSince = (at: number) => at > actedAt && at >= history.now - lookBack
  const samples = history.samples.flatMap(({ at, values }) => {
    const count = values[restartsKey(now.pmId)] ?? values.restarts
    return count !== undefined && isSince(at) ? [{ at, restarts: count, askedAt: values.askedAt }] : []
  })
  let restarts = 0
  let start: number | undefined
  for (const [index, sample] of samples.entries()) {
    const next = samples[index + 1] ?? now
    // A count that fell belongs to a process that was made anew.
    const rise = next.restarts - sample.restarts
    if (rise < 0) {
      restarts = 0
      start = undefined
    } else if (rise > 0 && (now.countsAsked || !wasAsked(sample, next))) {
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

/**
 * Whether somebody asked for a restart between the two: a person, a cron, a watcher. How many of the restarts that were is
 * not known, so none of them is called a crash.
 */
function wasAsked(before: RestartCount & { readonly at: number }, after: RestartCount): boolean {
  if (after.askedAt === undefined) return false
  return before.askedAt === undefined ? after.askedAt > before.at : after.askedAt !== before.askedAt
}
