import { formatDuration } from '../core/duration.ts'
import type { Hold } from '../core/hold.ts'
import type { ResourceState } from '../core/ledger.ts'
import type { Resource } from '../core/resource.ts'
import { contendedFrom, endOfWait, nextCorrectionAt, recentCorrections } from './backoff.ts'
import type { Finding } from './finding.ts'
import { recoveryOf } from './recovery.ts'

/**
 * What keeps a resource from being acted on again so soon: what failed is tried at the pace of `recovery` and no more often
 * than it says, and who undoes what we do is met at that pace.
 */
export function holdOnRecovery(finding: Finding, resource: Resource, now: number): Hold | undefined {
  const recovery = recoveryOf(finding)
  const { maxAttempts, backoff } = resource.controls.recovery
  const isRecovery = finding.actions.some((action) => action.isRecovery)
  const last = finding.state?.status.lastAction
  // What used up no attempt is held by its domain, for as long as there is a reason.
  const hasLastFailed = last !== undefined && last.outcome !== 'succeeded' && last.isAttempt !== false
  const hasFailed = hasLastFailed || finding.unconfirmed.length > 0
  if (isRecovery || hasFailed) {
    if (recovery.attempts >= maxAttempts) {
      return {
        reason: 'AttemptsExhausted',
        message: `${maxAttempts === 1 ? 'the one attempt is' : `all ${maxAttempts} attempts are`} used up; it needs a person (\`reconcile resume ${finding.id}\` starts anew)`,
        until: undefined,
      }
    }
    const until = endOfWait(recovery.nextAttemptAt, now, backoff.max)
    if (until === undefined) return undefined
    const wait = formatDuration(until - now)
    return {
      reason: 'BackOff',
      message: `attempt ${recovery.attempts + 1} of ${maxAttempts} in ${wait}`,
      until,
    }
  }
  // What is due by its own schedule is no correction that somebody could undo, and of others the domain may know it.
  if (finding.actions.every((action) => action.isRoutine || action.isUncontested)) return undefined
  return holdOnContention(recovery, backoff, finding, now)
}

/** The same of a fleet that is taken down: a stop that failed waits like an attempt, and one that is undone like any correction; neither is ever given up. */
export function holdOnPaceOfStops(finding: Finding, resource: Resource, now: number): Hold | undefined {
  const recovery = recoveryOf(finding)
  const { backoff } = resource.controls.recovery
  const last = finding.state?.status.lastAction
  const hasFailed = last !== undefined && last.outcome !== 'succeeded'
  // What failed before it was taken down says nothing of stopping it.
  const isSame = finding.actions.some((action) => action.type === last?.type)
  const until = hasFailed && isSame ? endOfWait(recovery.nextAttemptAt, now, backoff.max) : undefined
  if (until === undefined) return holdOnContention(recovery, backoff, finding, now)
  return { reason: 'BackOff', message: `stopping failed; again in ${formatDuration(until - now)}`, until }
}

function holdOnContention(
  recovery: ResourceState['recovery'],
  backoff: Resource['controls']['recovery']['backoff'],
  finding: Finding,
  now: number,
): Hold | undefined {
  const next = nextCorrectionAt(recovery.corrections, backoff, now)
  if (next <= now) return undefined
  const count = recentCorrections(recovery.corrections, backoff, now).length
  const wait = formatDuration(next - now)
  if (count < contendedFrom) {
    return { reason: 'BackOff', message: `corrected ${count} times already; again in ${wait}`, until: next }
  }
  const paths = [...new Set(finding.actions.flatMap((action) => action.changes.map((change) => change.path)))]
  const what = paths.length > 0 ? paths.join(', ') : (finding.actions[0]?.reason ?? 'it')
  return {
    reason: 'Contended',
    message: `somebody else keeps undoing our corrections (${what}); again in ${wait}`,
    until: next,
  }
}
