import type { Notice } from '../core/alert.ts'
import type { Duration } from '../core/duration.ts'

/** After this many tries in vain it is given up, about a day after the first: a receiver may be away for a night. */
const mostAttempts = 80

const firstPause: Duration = 2_000
const longestPause: Duration = 1_200_000
/** However much longer a receiver asks for. */
const longestWait: Duration = 3_600_000

/** The notice as it is after a try in vain; undefined: it is given up. `chance` in [0, 1) spreads the pauses. */
export function afterFailure(
  notice: Notice,
  context: { readonly now: number; readonly retryAfter: Duration | undefined; readonly chance: number },
): Notice | undefined {
  const attempts = notice.attempts + 1
  if (attempts >= mostAttempts) return undefined
  const usual = Math.min(longestPause, firstPause * 2 ** (attempts - 1)) * (0.8 + 0.4 * context.chance)
  const pause = Math.min(longestWait, Math.max(usual, context.retryAfter ?? 0))
  return { ...notice, attempts, nextAttemptAt: Math.round(context.now + pause) }
}

/** Milliseconds until its next try; none where it lies further ahead than any wait, because the clock was set back. */
export function waitOf({ nextAttemptAt }: Notice, now: number): Duration {
  const wait = nextAttemptAt - now
  return wait > longestWait ? 0 : Math.max(0, wait)
}
