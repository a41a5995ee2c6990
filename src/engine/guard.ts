import type { Hold } from '../core/hold.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import { holdOnPaceOfStops, holdOnRecovery } from './attempt-pace.ts'
import { holdDeletions } from './deletion-limit.ts'
import { holdDeniedTogether, holdsOnDenial } from './deny.ts'
import { holdOnDependencies } from './dependency.ts'
import type { Finding } from './finding.ts'
import type { GuardInput } from './guard-input.ts'
import { holdRefused } from './refusal.ts'
import { holdsOnRemoval, holdsOnSuccessor } from './removal.ts'
import { suspensionOf } from './suspension.ts'
import { holdOnWindows } from './windows.ts'

/**
 * Holds what must not be done now. Every guard adds a reason; none removes an action, so that a plan shows what
 * is wanted together with what keeps it.
 */
export function guard(findings: readonly Finding[], input: GuardInput): readonly Finding[] {
  const judge = (finding: Finding, byId: ReadonlyMap<ResourceId, Finding>): Finding => {
    if (finding.unknown || finding.isContext) return finding
    return { ...finding, holds: [...finding.holds, ...holdsOf(finding, byId, input)] }
  }
  const bare = mapOf(findings)
  const held = findings.map((finding) => (finding.successor ? finding : judge(finding, bare)))
  // What goes for another one's sake is held by what holds that one.
  const judged = mapOf(held)
  const all = held.map((finding) => (finding.successor ? judge(finding, judged) : finding))
  const limited = holdDeletions(all, input)
  const paced = input.refusalOf
    ? holdRefused(limited, { refusalOf: input.refusalOf, now: input.now })
    : limited
  // What another guard holds is not done, and not part of what is judged together.
  return holdDeniedTogether(paced, input.judge, input.now)
}

function mapOf(findings: readonly Finding[]): ReadonlyMap<ResourceId, Finding> {
  return new Map(findings.map((finding) => [finding.id, finding]))
}

function holdsOf(
  finding: Finding,
  byId: ReadonlyMap<ResourceId, Finding>,
  input: GuardInput,
): readonly Hold[] {
  if (finding.actions.length === 0) return []
  const holds = ownHoldsOf(finding, byId, input)
  const unplanned = input.permit?.holdOn(finding)
  if (!unplanned) return holds
  // A pause ends by itself, and what is not planned is not done after it either.
  const lasting = holds.filter(({ reason }) => reason !== 'BackOff')
  return lasting.length > 0 ? lasting : [unplanned]
}

function ownHoldsOf(
  finding: Finding,
  byId: ReadonlyMap<ResourceId, Finding>,
  input: GuardInput,
): readonly Hold[] {
  if (!finding.desired) {
    const down = holdOnDown(input)
    return [
      ...(down ? [down] : holdsOnRemoval(finding, input)),
      ...holdsOnSuccessor(finding, byId, input),
      ...holdsOnDenial(finding, input.judge, input.now),
      ...[holdOnBlock(finding)].filter(isHold),
    ]
  }
  const resource = finding.desired
  // Down is said of the whole fleet, by a person who saw the plan: only what we may not touch at all is left, and the
  // pace of what fails or is undone.
  if (finding.isTakenDown) {
    return [
      holdOnManagement(resource),
      ...holdsOnDenial(finding, input.judge, input.now),
      holdOnBlock(finding),
      holdOnPaceOfStops(finding, resource, input.now),
    ].filter(isHold)
  }
  return [
    holdOnDown(input),
    holdOnSuspension(finding, input),
    holdOnManagement(resource),
    ...holdsOnDenial(finding, input.judge, input.now),
    holdOnBlock(finding),
    holdOnUnconfirmed(finding),
    holdOnDependencies(resource, byId, input),
    holdOnWindows(resource, input.now),
    holdOnRecovery(finding, resource, input.now),
  ].filter(isHold)
}

function isHold(hold: Hold | undefined): hold is Hold {
  return hold !== undefined
}

function holdOnDown(input: GuardInput): Hold | undefined {
  if (!input.view.isDown) return undefined
  return {
    reason: 'FleetDown',
    message: 'the fleet is down, and nothing is done; `reconcile resume --all` ends it',
    until: undefined,
  }
}

function holdOnSuspension(finding: Finding, input: GuardInput): Hold | undefined {
  const suspension = suspensionOf(finding.id, finding.desired, input)
  if (!suspension) return undefined
  return { reason: 'Suspended', message: `suspended: ${suspension.reason}`, until: suspension.until }
}

function holdOnManagement(resource: Resource): Hold | undefined {
  if (resource.controls.managementPolicy === 'Manage') return undefined
  return { reason: 'ObserveOnly', message: 'only observed (managementPolicy: Observe)', until: undefined }
}

function holdOnBlock(finding: Finding): Hold | undefined {
  const blocked = finding.actions.find((action) => action.blocked)?.blocked
  return blocked && { reason: blocked.reason, message: blocked.message, until: blocked.until }
}

/** What must not be done twice waits until the domain has seen what became of the last time. */
function holdOnUnconfirmed(finding: Finding): Hold | undefined {
  const resolved = finding.assessment.resolvedIntents ?? []
  const open = finding.unconfirmed.find((intent) => !intent.repeatable && !resolved.includes(intent.intentId))
  if (!open || finding.actions.every((action) => action.repeatable)) return undefined
  return {
    reason: 'UnconfirmedOutcome',
    message: `it is not known yet what became of: ${open.summary}`,
    until: undefined,
  }
}
