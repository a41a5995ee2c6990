import type { Duration } from '../core/duration.ts'
import type { RecoveryPolicy } from '../core/resource.ts'

/**
 * How long to wait after the n-th attempt (n from 1): initial, initial*factor, ... up to max, with up to 10 %
 * taken off by chance so that things that failed together do not come back together.
 */
export function backoffAfter(attempt: number, policy: RecoveryPolicy['backoff'], chance: number): Duration {
  const grown = policy.initial * policy.factor ** Math.max(0, attempt - 1)
  return Math.round(Math.min(policy.max, grown) * (1 - 0.1 * chance))
}

/** This many corrections of the same drift are made at once; a rival that goes on is then met at back-off's pace. */
const freeCorrections = 3

/** From this many on it is reported as Contended. */
export const contendedFrom = 5

/** A calm of this many longest back-offs ends a contention: what was corrected before it is forgotten. */
const calmInBackoffs = 3

/**
 * The corrections that still count: those since the last calm. Single old ones are not dropped while it goes on,
 * or a rival would be fought harder the longer he stays.
 */
export function recentCorrections(
  corrections: readonly number[],
  policy: RecoveryPolicy['backoff'],
  now: number,
): readonly number[] {
  const calm = policy.max * calmInBackoffs
  const past = corrections.filter((at) => at <= now)
  const begin = past.findLastIndex((at, index) => (past[index + 1] ?? now) - at >= calm)
  return past.slice(begin + 1)
}

/** The end of a wait, or undefined where it is over; one longer than `longest` comes from a clock that was set back. */
export function endOfWait(at: number | undefined, now: number, longest: Duration): number | undefined {
  return at !== undefined && at > now && at - now <= longest ? at : undefined
}

/** When the same drift may be corrected again; a time in the past means now. */
export function nextCorrectionAt(
  corrections: readonly number[],
  policy: RecoveryPolicy['backoff'],
  now: number,
): number {
  const recent = recentCorrections(corrections, policy, now)
  const last = recent.at(-1)
  if (last === undefined || recent.length < freeCorrections) return 0
  return last + backoffAfter(recent.length - freeCorrections + 1, policy, 0)
}
