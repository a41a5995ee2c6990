import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { type Duration, formatDuration, parseDuration } from '../../core/duration.ts'
import type { ObservedProcess } from './observed.ts'
import type { DesiredProcess } from './place.ts'
import { processKindOf } from './process-kind.ts'
import { endedAsAllowed, hasEnded, isPhantom, isRunning, minUptimeOf, uptimeOf } from './run-state.ts'
import type { Outdated } from './saved-sources.ts'
import { pm2Waits } from './time-limit.ts'

/** How long the program itself may take to begin, over what PM2 waits for and what it must stay up for. */
const startAllowance: Duration = 10_000
/** How long PM2 may take for a restart that is asked for, over what it waits for the end. */
const restartAllowance: Duration = 1000
/** What has crashed since its update must stay up at least so long: most of what fails at its start fails before. */
const crashedUptime: Duration = 5000

/**
 * An update of several instances that is under way: some were updated, and others that run were not. One after the other
 * is updated, each when all that were before it are up, so that a version that does not work takes one of them and no more.
 */
export interface Rollout {
  /** What was updated and is down, and will not be started again by PM2; or should listen and does not. */
  readonly down: readonly Pm2Record[]
  /** What was updated, ended, and waits until PM2 starts it again. */
  readonly restarting: readonly Pm2Record[]
  /** What runs as it was declared before. */
  readonly waiting: readonly Pm2Record[]
  /** How many were updated. */
  readonly updated: number
}

/** Undefined: none is under way. A job has no instances that could stand in for each other. */
export function rolloutOf(
  desired: DesiredProcess,
  observed: ObservedProcess,
  differing: readonly Outdated[],
): Rollout | undefined {
  if (processKindOf(desired.spec) !== 'daemon') return undefined
  const outdated = new Set(differing.map(({ record }) => record))
  const updated = observed.records.filter((record) => !outdated.has(record))
  const waiting = observed.records.filter((record) => outdated.has(record) && isRunning(record))
  if (updated.length === 0 || waiting.length === 0) return undefined
  return {
    down: updated.filter((record) => observed.deaf.has(record.pmId) || isDown(record, desired, observed)),
    restarting: updated.filter((record) => record.isWaitingForRestart),
    waiting,
    updated: updated.length,
  }
}

/** It is to run and does not, and nobody starts it again by himself. */
export function isDown(
  record: Pm2Record,
  { spec }: DesiredProcess,
  { settling, endings }: Pick<ObservedProcess, 'settling' | 'endings'>,
): boolean {
  if (isPhantom(record)) return true
  return (
    hasEnded(record) && !settling.has(record.pmId) && !endedAsAllowed(record, spec.stopExitCodes, endings)
  )
}

/** Whether an instance that was updated lets the next one be taken down, and if not yet, how long it takes at least. */
export type Standing =
  | { readonly type: 'up' }
  | { readonly type: 'coming'; readonly wait: Duration }
  | { readonly type: 'down' }

export function standingOf(
  record: Pm2Record,
  { spec }: DesiredProcess,
  seen: { readonly now: number; readonly deaf: ReadonlySet<number> },
): Standing {
  const { now, deaf } = seen
  if (deaf.has(record.pmId)) return { type: 'down' }
  // How it ended that has a code which is allowed makes no difference for those that run.
  if (endedAsAllowed(record, spec.stopExitCodes, new Map())) return { type: 'up' }
  if (hasEnded(record) || isPhantom(record)) return { type: 'down' }
  const minUptime = minUptimeOf(spec)
  const needed = hasCrashed(record) ? Math.max(2 * minUptime, crashedUptime) : minUptime
  const wait = record.status === 'online' ? needed - uptimeOf(record, now) : 0
  return record.status === 'online' && wait <= 0 ? { type: 'up' } : { type: 'coming', wait }
}

/** How it is with one that keeps an update from going on. */
export function ailmentOf(record: Pm2Record, deaf: ReadonlySet<number>): string {
  if (isPhantom(record)) return 'online with no process'
  if (!deaf.has(record.pmId)) return record.status
  const limit = formatDuration(record.listenTimeout ?? pm2Waits.listenTimeout)
  const what = record.waitReady ? 'did not say that it is ready' : 'did not listen'
  return `it runs and ${what} within listenTimeout, ${limit}`
}

/** Whether PM2 has started it again by itself since a start was asked for: `created_at` is of that one. */
function hasCrashed({ unstableRestarts, createdAt, uptimeSince, killTimeout }: Pm2Record): boolean {
  const ending = 2 * (killTimeout ?? pm2Waits.killTimeout) + restartAllowance
  return unstableRestarts > 0 || (uptimeSince ?? 0) - (createdAt ?? Number.POSITIVE_INFINITY) > ending
}

/** How long those that were updated are waited for, before the next one is touched. */
export function patienceOf({ spec }: DesiredProcess): Duration {
  const listenTimeout = parseDuration(spec.listenTimeout ?? '') ?? pm2Waits.listenTimeout
  return 2 * minUptimeOf(spec) + listenTimeout + startAllowance
}
