import type { Condition } from '../core/condition.ts'
import type { HealthStatus, SyncStatus } from '../core/health.ts'
import type { HoldReason } from '../core/hold.ts'
import type { LedgerView, ResourceState } from '../core/ledger.ts'
import type { Suspension } from '../core/resource.ts'
import type { LastAction, ResourceStatus } from '../core/status.ts'
import type { Finding } from './finding.ts'
import { healthBeforeOutage } from './outage.ts'
import type { Outcome } from './outcome.ts'
import { nextRecovery } from './recovery.ts'
import { isRefusedThrough } from './refusal.ts'
import { conditionOfSuspension, suspensionOf, whileSuspended } from './suspension.ts'
import { type Verdict, withAddition } from './verdict.ts'

export interface SummaryContext {
  readonly view: LedgerView
  readonly now: number
  /** In [0, 1), for the jitter of the next attempt. */
  readonly chance: number
}

/**
 * Makes the state of one resource from what the pass found and did. The only place that sets health, sync,
 * conditions and attempts.
 */
export function summarise(
  found: Finding,
  outcomes: readonly Outcome[],
  context: SummaryContext,
): ResourceState {
  const finding = withRefusal(found, outcomes)
  const recovery = nextRecovery(finding, outcomes, context)
  const suspension = suspensionOf(finding.id, finding.desired, context)
  const isExhausted = finding.holds.some((hold) => hold.reason === 'AttemptsExhausted')
  const verdict = judge(finding, outcomes, { suspension, isExhausted, now: context.now })
  const sync = syncOf(finding)
  const holdReason = finding.holds[0]?.reason
  const isStandingBy = finding.standsBehind.length > 0 && finding.activeFor.length === 0
  const status: ResourceStatus = {
    id: finding.id,
    sync,
    health: verdict.health,
    reason: verdict.reason,
    message: verdict.message,
    observedAt: context.now,
    attempts: recovery.attempts,
    // No time is near where a person must come first.
    nextAttemptAt: isExhausted ? undefined : recovery.nextAttemptAt,
    lastAction: lastActionOf(finding, outcomes),
    conditions: conditionsOf(finding, { sync, ...verdict, suspension }, context.now),
    children: finding.assessment.children,
    critical: finding.desired?.controls.critical ?? false,
    isExcused:
      suspension !== undefined ||
      holdReason === 'OutsideWindow' ||
      (finding.isTakenDown === true && verdict.health === 'Suspended') ||
      (isStandingBy && verdict.health === 'Healthy'),
  }
  return { status, recovery, activeFor: finding.activeFor, healthBeforeOutage: healthBeforeOutage(finding) }
}

/** One that was tried for its whole domain, in vain, waits for it on. */
function withRefusal(finding: Finding, outcomes: readonly Outcome[]): Finding {
  const refused = outcomes.find(({ isToldByDomain }) => isToldByDomain)
  if (!refused) return finding
  const message = `${refused.action.summary} failed as all in its domain does: ${refused.message ?? ''}`
  return { ...finding, holds: [...finding.holds, { reason: 'DomainRefuses', message, until: undefined }] }
}

function judge(
  finding: Finding,
  outcomes: readonly Outcome[],
  context: {
    readonly suspension: Suspension | undefined
    readonly isExhausted: boolean
    readonly now: number
  },
): Verdict {
  const { assessment, holds } = finding
  const failure = outcomes.find((outcome) => outcome.result === 'failed' || outcome.result === 'unknown')
  if (finding.unknown)
    return { health: 'Unknown', reason: finding.unknown.code, message: finding.unknown.message }
  if (context.suspension) return whileSuspended(context.suspension, assessment.message)
  if (failure) {
    const fate = failure.result === 'unknown' ? 'has an unknown outcome' : 'failed'
    const isWorse = assessment.status === 'Healthy' && failure.isToldByDomain !== true
    return {
      health: isWorse ? 'Degraded' : healthWhileRefused(finding, context.now),
      reason: failure.result === 'unknown' ? 'OutcomeUnknown' : 'ApplyFailed',
      message: `${failure.action.summary} ${fate}: ${failure.message ?? 'no reason given'}`,
    }
  }
  // What is only due by its own schedule says nothing of health until it was looked at: it stays as it was.
  const acted = outcomes.find(({ result, action }) => result === 'succeeded' && action.isRoutine !== true)
  if (acted)
    return { health: 'Progressing', reason: 'Acted', message: `${acted.action.summary}; not confirmed yet` }
  const hold = holds[0]
  if (!hold) return { health: assessment.status, reason: assessment.reason, message: assessment.message }
  if (hold.reason === 'BackOff' || hold.reason === 'AttemptsExhausted') {
    const health = context.isExhausted ? 'Degraded' : assessment.status
    return {
      health,
      reason: hold.reason,
      message: withAddition(withAddition(assessment.message, lastFailure(finding)), hold.message),
    }
  }
  if (hold.reason === 'DomainRefuses') {
    const health = healthWhileRefused(finding, context.now)
    return { health, reason: hold.reason, message: withAddition(assessment.message, hold.message) }
  }
  if (hold.reason === 'NotOurs' || hold.reason === 'Conflict') {
    return { health: assessment.status, reason: hold.reason, message: hold.message }
  }
  return {
    health: assessment.status,
    reason: hold.reason,
    message: withAddition(assessment.message, hold.message),
  }
}

/** What its whole domain refuses says nothing of it at first, and is a trouble when its own attempts would be used up. */
function healthWhileRefused({ assessment, desired, state }: Finding, now: number): HealthStatus {
  if (!desired || assessment.status !== 'Healthy') return assessment.status
  const { maxAttempts, backoff } = desired.controls.recovery
  return isRefusedThrough(maxAttempts, backoff, { state, now }) ? 'Degraded' : assessment.status
}

/** Why the last try failed, for as long as the next one waits. */
function lastFailure(finding: Finding): string {
  const last = finding.state?.status.lastAction
  if (!last || last.outcome === 'succeeded') return ''
  const fate = last.outcome === 'unknown' ? 'had an unknown outcome' : 'failed'
  return `${last.summary} ${fate}: ${last.message ?? 'no reason given'}`
}

/** Only what would change a declared field is a difference: a run brings back health, not the spec. */
function syncOf(finding: Finding): SyncStatus {
  if (finding.unknown) return 'Unknown'
  if (finding.stance === 'not-ours' || finding.stance === 'conflict') return 'OutOfSync'
  return finding.actions.some((action) => action.verb !== 'run') ? 'OutOfSync' : 'Synced'
}

function lastActionOf(finding: Finding, outcomes: readonly Outcome[]): LastAction | undefined {
  const outcome = outcomes.findLast((candidate) => candidate.result !== 'superseded')
  if (!outcome || outcome.result === 'superseded') return finding.state?.status.lastAction
  return {
    type: outcome.action.type,
    summary: outcome.action.summary,
    at: outcome.at,
    outcome: outcome.result,
    message: outcome.message,
    ...(outcome.isAttempt === false && { isAttempt: false }),
  }
}

function conditionsOf(
  finding: Finding,
  verdict: Verdict & { readonly sync: SyncStatus; readonly suspension: Suspension | undefined },
  now: number,
): readonly Condition[] {
  const hold = finding.holds[0]
  const known: Omit<Condition, 'since'>[] = [
    {
      type: 'Synced',
      status: verdict.sync === 'Synced' ? 'True' : verdict.sync === 'Unknown' ? 'Unknown' : 'False',
      reason: verdict.sync,
      message: finding.actions.map((action) => action.summary).join('; '),
    },
    {
      type: 'Healthy',
      status: verdict.health === 'Healthy' ? 'True' : verdict.health === 'Unknown' ? 'Unknown' : 'False',
      // That it is tried again, or no more, stands in the next one: here stands what is wrong.
      reason: isPaced(hold) ? finding.assessment.reason : verdict.reason,
      message: verdict.message,
    },
    {
      type: 'Held',
      status: hold ? 'True' : 'False',
      reason: hold?.reason ?? 'NotHeld',
      message: hold?.message ?? '',
    },
    ...(finding.standsBehind.length === 0
      ? []
      : [
          {
            type: 'Fallback',
            status: finding.activeFor.length > 0 ? ('True' as const) : ('False' as const),
            reason: finding.activeFor.length > 0 ? 'StandingIn' : 'StandingBy',
            message: (finding.activeFor.length > 0 ? finding.activeFor : finding.standsBehind).join(', '),
          },
        ]),
  ]
  const before = new Map(finding.state?.status.conditions.map((condition) => [condition.type, condition]))
  if (verdict.suspension)
    known.push(conditionOfSuspension(verdict.suspension, before.get('Suspended')?.since ?? now, now))
  return known.map((condition) => {
    const old = before.get(condition.type)
    return { ...condition, since: old && old.status === condition.status ? old.since : now }
  })
}

const pacedHolds: ReadonlySet<string> = new Set<HoldReason>(['BackOff', 'AttemptsExhausted', 'DomainRefuses'])

function isPaced(hold: Finding['holds'][number] | undefined): boolean {
  return hold !== undefined && pacedHolds.has(hold.reason)
}
