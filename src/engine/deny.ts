import type { Hold } from '../core/hold.ts'
import type { Judge, ProposedAction, Verdict } from '../core/policy.ts'
import { type Finding, isActionable } from './finding.ts'

/** What the policies have against the actions of one resource. */
export function holdsOnDenial(finding: Finding, judge: Judge | undefined, now: number): readonly Hold[] {
  if (!judge) return []
  const verdicts = proposedBy(finding).flatMap((proposed) => judge.deny(proposed, now))
  const holds = new Map(verdicts.map(denial).map((hold) => [hold.message, hold]))
  return [...holds.values()]
}

/** Holds everything that would be done where the policies are against doing all of it in one pass. */
export function holdDeniedTogether(
  findings: readonly Finding[],
  judge: Judge | undefined,
  now: number,
): readonly Finding[] {
  if (!judge) return findings
  const denials = judge.denyTogether(findings.filter(isActionable).flatMap(proposedBy), now).map(denial)
  if (denials.length === 0) return findings
  return findings.map((finding) =>
    isActionable(finding) ? { ...finding, holds: [...finding.holds, ...denials] } : finding,
  )
}

/** What the policies only tell of what would be done. */
export function warningsOf(
  findings: readonly Finding[],
  judge: Judge | undefined,
  now: number,
): readonly Verdict[] {
  return judge ? judge.warn(findings.filter(isActionable).flatMap(proposedBy), now) : []
}

function proposedBy({ id, actions }: Finding): readonly ProposedAction[] {
  return actions.map((action) => ({ id, action }))
}

function denial({ policy, message }: Verdict): Hold {
  return { reason: 'PolicyDenied', message: `${policy} denies it: ${message}`, until: undefined }
}
