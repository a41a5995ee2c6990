import type { Ending } from '../../clients/pm2/endings.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { type Duration, formatDuration, parseDuration } from '../../core/duration.ts'
import type { ProcessSpec } from './spec.generated.ts'

/** PM2's own `min_uptime`. */
const defaultMinUptime: Duration = 1000

/** How long it must be up to count as started. */
export function minUptimeOf({ minUptime }: Pick<ProcessSpec, 'minUptime'>): Duration {
  return parseDuration(minUptime ?? '') ?? defaultMinUptime
}

/** It is not running and PM2 will not start it by itself. */
export function hasEnded(record: Pm2Record): boolean {
  return (
    record.status === 'stopped' ||
    record.status === 'errored' ||
    (record.status === 'waiting restart' && !record.isWaitingForRestart)
  )
}

/** PM2 says that it runs, or is about to. */
export function isRunning(record: Pm2Record): boolean {
  return record.status === 'online' || record.status === 'launching'
}

/**
 * PM2 says `online` and there never was a process: it could not be spawned (a missing folder, a program that is not
 * executable), and PM2 does not notice for ever.
 */
export function isPhantom(record: Pm2Record): boolean {
  return record.status === 'online' && record.pid === undefined
}

/**
 * It ended with a code of which the manifest says that PM2 shall not start it again. PM2 does not tell a signal from exit
 * code 0, and leaves what was killed down where 0 is such a code.
 */
export function endedAsAllowed(
  record: Pm2Record,
  stopExitCodes: readonly number[] | undefined,
  endings: ReadonlyMap<number, Ending>,
): boolean {
  return (
    hasEnded(record) &&
    endings.get(record.pmId)?.type !== 'killed' &&
    record.status !== 'errored' &&
    record.exitCode !== undefined &&
    (stopExitCodes ?? []).includes(record.exitCode)
  )
}

/**
 * How long it has run; 0 where PM2 does not know since when. A start that lies ahead is from before the clock was set
 * back (as where a machine starts with a clock that is wrong, and PM2 with it): it is long over, so it is infinite.
 */
export function uptimeOf({ uptimeSince }: Pm2Record, now: number): Duration {
  if (uptimeSince === undefined) return 0
  return uptimeSince > now ? Number.POSITIVE_INFINITY : now - uptimeSince
}

export function onlineText(uptime: Duration): string {
  return Number.isFinite(uptime)
    ? `online for ${formatDuration(uptime)}`
    : 'online since before the clock was set back'
}

/** When a restart of any of them was last asked for: PM2 dates `created_at` by that, and leaves it where one crashed. */
export function askedAtOf(records: readonly Pm2Record[]): number | undefined {
  const times = records.map(({ createdAt }) => createdAt).filter((at) => at !== undefined)
  return times.length === 0 ? undefined : Math.max(...times)
}
