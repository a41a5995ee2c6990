import type { Intent } from '../core/intent.ts'
import type { RecoveryState, ResourceState } from '../core/ledger.ts'
import type { RecoveryPolicy } from '../core/resource.ts'
import { backoffAfter, endOfWait, recentCorrections } from './backoff.ts'
import type { Finding, Subject } from './finding.ts'
import type { Outcome } from './outcome.ts'

/**
 * How the count of attempts goes on. It grows with every corrective action on something that fails by itself
 * and with every action that failed; it ends only with `stableFor` in health or a new spec, never because a
 * command exited 0.
 */
export function nextRecovery(
  finding: Finding,
  outcomes: readonly Outcome[],
  context: { readonly now: number; readonly chance: number },
): RecoveryState {
  const before = recoveryOf(finding)
  const policy = finding.desired?.controls.recovery
  if (!policy) {
    // A manifest that could not be read for a moment comes back, and its attempts with it.
    const isTried = outcomes.length > 0 || before.attempts > 0
    return isTried ? afterFailedRemoval(before, outcomes, context) : (finding.state?.recovery ?? before)
  }
  if (outcomes.length > 0)
    return outcomes.reduce((state, outcome) => afterOutcome(state, outcome, finding, context), before)

  const isHealthy = finding.assessment.status === 'Healthy' && finding.actions.length === 0
  // Never later than now: the clock may have been set back.
  const healthySince = isHealthy ? Math.min(before.healthySince ?? context.now, context.now) : undefined
  const isStable = healthySince !== undefined && context.now - healthySince >= policy.stableFor
  return {
    ...before,
    healthySince,
    attempts: isStable ? 0 : before.attempts,
    deferrals: isHealthy ? undefined : before.deferrals,
    nextAttemptAt: isStable ? undefined : before.nextAttemptAt,
    corrections: recentCorrections(before.corrections, policy.backoff, context.now),
  }
}

/** The count as it stands; a changed spec, or a person who resumes it, starts it anew. */
export function recoveryOf(subject: Subject): RecoveryState {
  return withUnwritten(writtenRecovery(subject), subject)
}

/**
 * Whether a word was heard is remembered, and not told from what was tried since: what was decided before the word
 * may end after it, and the times of what was tried are forgotten one day, when an old word would be heard anew.
 */
function writtenRecovery({ state, resumedAt, specHash }: Subject): RecoveryState {
  const before = state?.recovery
  const isResumed = resumedAt !== undefined && resumedAt !== before?.heardResumeAt
  const isSameSpec = before?.specHash === specHash
  if (before && isSameSpec && !isResumed) return before
  return {
    attempts: 0,
    lastAttemptAt: undefined,
    nextAttemptAt: undefined,
    // A person who resumes it says nothing of its health.
    healthySince: isSameSpec ? before?.healthySince : undefined,
    specHash,
    heardResumeAt: resumedAt ?? before?.heardResumeAt,
    corrections: [],
  }
}

/** More than this many corrections are never remembered: it is long contended then. */
const keptCorrections = 32

/**
 * Tries at times that are still to come are from before the clock was set back. How long ago they were is not known: they
 * count as if the last of them were now, so that no wait is lost, and none is longer than it was. What was tried since is
 * left where it is.
 */
export function withoutFuture(state: ResourceState | undefined, now: number): ResourceState | undefined {
  const ahead = lastTryOf(state?.recovery) - now
  if (!state || ahead <= 0) return state
  const { lastAttemptAt = 0, nextAttemptAt, corrections } = state.recovery
  const earlier = (at: number) => (at > now ? at - ahead : at)
  return {
    ...state,
    recovery: {
      ...state.recovery,
      ...(lastAttemptAt > now && {
        lastAttemptAt: earlier(lastAttemptAt),
        nextAttemptAt: nextAttemptAt && nextAttemptAt - ahead,
      }),
      corrections: corrections.map(earlier).sort((a, b) => a - b),
    },
  }
}

function lastTryOf(recovery: RecoveryState | undefined): number {
  return Math.max(recovery?.lastAttemptAt ?? 0, ...(recovery?.corrections ?? []))
}

/**
 * An attempt whose outcome nobody lived to write is an attempt too, and what set something right also counts towards the
 * pace at which a rival is met: a crash in a loop is bounded like any other.
 */
function withUnwritten(recovery: RecoveryState, subject: Subject): RecoveryState {
  const resumedAt = subject.isResumeAhead ? undefined : subject.resumedAt
  const known = Math.max(lastTryOf(recovery), resumedAt ?? 0)
  // What was tried while it was declared says nothing of deleting it, and the other way round.
  const isDeleting = subject.desired === undefined
  const unwritten = subject.unconfirmed.filter(
    (intent) => intent.at > known && (intent.verb === 'delete') === isDeleting,
  )
  if (unwritten.length === 0) return recovery
  const attempts = recovery.attempts + unwritten.length
  const lastAttemptAt = Math.max(...unwritten.map(({ at }) => at))
  const policy = subject.desired?.controls.recovery.backoff ?? removalBackoff
  const corrections = unwritten.filter((intent) => wasCorrection(intent, subject)).map(({ at }) => at)
  return {
    ...recovery,
    attempts,
    // What was healthy for long before it needed the attempt is not stable after it.
    healthySince: undefined,
    lastAttemptAt,
    nextAttemptAt: lastAttemptAt + backoffAfter(attempts, policy, 0),
    corrections: [...recovery.corrections, ...corrections.sort((a, b) => a - b)].slice(-keptCorrections),
  }
}

/**
 * As `isFirstTime` tells it of what was lived through: the row of what was made by that very intent is as old as it. One
 * that seems to be younger is older: the clock was set back since.
 */
function wasCorrection({ verb, at }: Intent, { owned, state, specHash }: Subject): boolean {
  if (verb !== 'create' && verb !== 'update') return false
  return owned !== undefined && owned.since !== at && state?.recovery.specHash === specHash
}

function afterOutcome(
  state: RecoveryState,
  outcome: Outcome,
  finding: Finding,
  { now, chance }: { readonly now: number; readonly chance: number },
): RecoveryState {
  const policy = finding.desired?.controls.recovery
  if (!policy || outcome.result === 'superseded') return state
  const base = { ...state, healthySince: undefined, deferrals: undefined }
  // The clock may have been set back meanwhile: a wait is told by one clock, or it would pass for one that is over.
  const lastAttemptAt = Math.min(outcome.begunAt, now)
  if (outcome.result === 'failed' && outcome.isAttempt === false) {
    // What was tried before it goes on waiting.
    return { ...base, lastAttemptAt, nextAttemptAt: endOfWait(state.nextAttemptAt, now, policy.backoff.max) }
  }
  const waitsForTime = outcome.result === 'failed' && outcome.next === 'time'
  if (waitsForTime) {
    const deferrals = (state.deferrals ?? 0) + 1
    return {
      ...base,
      deferrals,
      lastAttemptAt,
      // It never shortens the wait that an attempt before it began.
      nextAttemptAt: Math.max(
        now + backoffAfter(deferrals, policy.backoff, chance),
        endOfWait(state.nextAttemptAt, now, policy.backoff.max) ?? 0,
      ),
    }
  }
  if (outcome.action.isRecovery || outcome.result !== 'succeeded') {
    const attempts = state.attempts + 1
    return {
      ...base,
      attempts,
      lastAttemptAt,
      nextAttemptAt: now + backoffAfter(attempts, policy.backoff, chance),
    }
  }
  if (outcome.action.isRoutine) return state
  if (outcome.action.isUncontested || isFirstTime(finding)) return base
  return { ...base, corrections: [...state.corrections, now].slice(-keptCorrections) }
}

/** What brings about what was never so, or was declared otherwise until now, undoes nobody's work. */
function isFirstTime({ ownership, state, specHash }: Finding): boolean {
  return ownership === undefined || state?.recovery.specHash !== specHash
}

/** The documented default: the policy of what is no longer declared is gone with its manifest. */
export const removalBackoff: RecoveryPolicy['backoff'] = Object.freeze({
  initial: 5_000,
  max: 300_000,
  factor: 2,
})

/**
 * Deleting is tried again for ever, at the default back-off's longest pace. What was deleted and is there all the same (its
 * vendor lists it for a while, or deletes it later) waits as what failed: with what is gone its state goes, too.
 */
function afterFailedRemoval(
  state: RecoveryState,
  outcomes: readonly Outcome[],
  { now, chance }: { readonly now: number; readonly chance: number },
): RecoveryState {
  if (outcomes.every(({ result }) => result === 'superseded')) return state
  const attempts = state.attempts + 1
  const wait = backoffAfter(attempts, removalBackoff, chance)
  return { ...state, attempts, lastAttemptAt: now, nextAttemptAt: now + wait }
}
