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
export const freeCorrections = 3

/** From this many on it is reported as Contended. */
export const contendedFrom = 5

/** Corrections older than this many longest back-offs are forgotten. */
const memoryInBackoffs = 6

/** The corrections that still count. */
export function recentCorrections(
  corrections: readonly number[],
  policy: RecoveryPolicy['backoff'],
  now: number,
): readonly number[] {
  return corrections.filter((at) => now - at < policy.max * memoryInBackoffs)
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
