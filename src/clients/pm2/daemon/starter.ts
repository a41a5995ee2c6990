import type { Duration } from '../../../core/duration.ts'
import { toldField } from '../told.ts'

/** Says when we started the daemon. One that starts itself anew (`pm2 update`) inherits it, and is not of that time. */
const variable = 'RECONCILED_DAEMON_STARTED_AT'

/** How long it may take from our word to the daemon's own process, through the user's `pm2` on a busy machine. */
const longestStart: Duration = 20_000

/** The environment for a daemon that we start now. */
export function asStartedByUs(env: Readonly<Record<string, string>>, now: number): Record<string, string> {
  return { ...env, [variable]: String(now) }
}

/** Whether a daemon with this environment was started by us, and so not by a `pm2 resurrect`. */
export function wasStartedByUs(environment: string, startedAt: number): boolean {
  const at = Number(toldField(environment, variable) ?? Number.NaN)
  return Math.abs(startedAt - at) <= longestStart
}
