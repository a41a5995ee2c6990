import { formatDuration } from '../core/duration.ts'
import type { FleetSettings } from '../core/fleet.ts'
import type { Hold } from '../core/hold.ts'
import type { LedgerView, ResourceState } from '../core/ledger.ts'
import type { Judge } from '../core/policy.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import { contendedFrom, endOfWait, nextCorrectionAt, recentCorrections } from './backoff.ts'
import { holdDeniedTogether, holdsOnDenial } from './deny.ts'
import type { Finding } from './finding.ts'
import { successorOf } from './former.ts'
import type { Permit } from './permit.ts'
import { recoveryOf, removalBackoff } from './recovery.ts'
import { holdRefused, type Refusal } from './refusal.ts'
import { suspensionOf } from './suspension.ts'
import { consultWindows } from './windows.ts'

export interface GuardInput {
  readonly view: LedgerView
  readonly fleet: FleetSettings
  readonly missing: readonly ResourceId[]
  readonly isComplete: boolean
  /** Whether any resource is declared: no manifest at all never means that everything should go. */
  readonly isAnythingDeclared: boolean
  readonly allowedDeletions: number | undefined
  /** Whether somebody acts on it: nobody who depends on it goes on before that is over. */
  readonly isBusy: (id: ResourceId) => boolean
  /** Deletions that are due elsewhere in the fleet: they count towards the limit. */
  readonly otherRemovals: number
  /** By kind: what is known of a domain whose writes all fail. Default: nothing of any. */
  readonly refusalOf?: (kind: string) => Refusal | undefined
  /** What the fleet's policies say of actions. Default: there are none. */
  readonly judge?: Judge | undefined
  /** What alone may be done. Default: all that is due. */
  readonly permit?: Permit | undefined
  readonly now: number
}

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
    return [
      ...holdOnRemoved(finding, input),
      ...holdOnSuccessor(finding, byId, input),
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

function holdOnDependencies(
  resource: Resource,
  byId: ReadonlyMap<ResourceId, Finding>,
  input: GuardInput,
): Hold | undefined {
  const broken = resource.controls.dependsOn.find((id) => input.missing.includes(id))
  if (broken) {
    return { reason: 'DependencyBroken', message: `the manifest of ${broken} is broken`, until: undefined }
  }
  const waiting = resource.controls.dependsOn.filter((id) => !isReady(id, byId, input))
  if (waiting.length === 0) return undefined
  return { reason: 'DependencyNotReady', message: `waits for ${waiting.join(', ')}`, until: undefined }
}

/** Healthy and with nothing left to do: what is about to be restarted is not ready. */
function isReady(id: ResourceId, byId: ReadonlyMap<ResourceId, Finding>, input: GuardInput): boolean {
  if (input.isBusy(id)) return false
  const finding = byId.get(id)
  if (finding) return finding.assessment.status === 'Healthy' && finding.actions.length === 0
  const state = input.view.states.get(id)
  return state !== undefined && state.status.health === 'Healthy' && state.status.sync === 'Synced'
}

function holdOnWindows(resource: Resource, now: number): Hold | undefined {
  if (resource.controls.windows.length === 0) return undefined
  const { isOpen, until } = consultWindows(resource.controls.windows, now)
  if (isOpen) return undefined
  const when = until === undefined ? '' : `, opens in ${formatDuration(until - now)}`
  return { reason: 'OutsideWindow', message: `outside its window${when}`, until }
}

function holdOnRecovery(finding: Finding, resource: Resource, now: number): Hold | undefined {
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
        message: `all ${maxAttempts} attempts are used up; it needs a person (\`reconcile resume ${finding.id}\` starts anew)`,
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

/** A stop that failed waits like an attempt, and one that is undone like any correction; neither is ever given up. */
function holdOnPaceOfStops(finding: Finding, resource: Resource, now: number): Hold | undefined {
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

function holdOnRemoved(finding: Finding, input: GuardInput): readonly Hold[] {
  const down = holdOnDown(input)
  if (down) return [down]
  if (!input.isComplete) {
    return [
      {
        reason: 'ManifestsIncomplete',
        message: input.missing.includes(finding.id)
          ? 'its manifest is broken: it is left as it is until that can be read'
          : 'no longer declared, but a manifest is broken: nothing is deleted until all can be read',
        until: undefined,
      },
    ]
  }
  if (!input.isAnythingDeclared && input.allowedDeletions === undefined) {
    return [
      {
        reason: 'ManifestsIncomplete',
        message: 'nothing at all is declared; `--allow-deletions` says that this is meant',
        until: undefined,
      },
    ]
  }
  const whose = successorOf(finding.id) ?? finding.id
  const suspension = suspensionOf(finding.id, undefined, input) ?? suspensionOf(whose, undefined, input)
  if (suspension) {
    return [{ reason: 'Suspended', message: `suspended: ${suspension.reason}`, until: suspension.until }]
  }
  const until = endOfWait(recoveryOf(finding).nextAttemptAt, input.now, removalBackoff.max)
  return until === undefined ? [] : [{ reason: 'BackOff', message: 'deleting failed before', until }]
}

/**
 * What goes because its resource has another outside name now is still that resource's: what keeps us from touching
 * the one keeps us from touching the other. And it goes only where the new one is there, or comes in this pass.
 */
function holdOnSuccessor(
  { successor }: Finding,
  byId: ReadonlyMap<ResourceId, Finding>,
  input: GuardInput,
): readonly Hold[] {
  if (!successor) return []
  const suspension = suspensionOf(successor.id, successor, input)
  const suspended: Hold | undefined = suspension && {
    reason: 'Suspended',
    message: `${successor.id} is suspended: ${suspension.reason}`,
    until: suspension.until,
  }
  const isComing = !input.isBusy(successor.id) && isInPlace(byId.get(successor.id))
  const waiting: Hold | undefined = isComing
    ? undefined
    : {
        reason: 'DependencyNotReady',
        message: `waits until ${successor.id} has taken its place`,
        until: undefined,
      }
  return [suspended, holdOnWindows(successor, input.now), waiting].filter(isHold)
}

/** Whether it is there, or nothing keeps it from being there before anything is deleted. */
function isInPlace(successor: Finding | undefined): boolean {
  if (!successor || successor.unknown) return false
  if (successor.stance === 'not-ours' || successor.stance === 'conflict') return false
  if (successor.stance !== 'absent' || successor.actions.length === 0) return true
  return !successor.isContext && successor.holds.length === 0
}

/**
 * More deletions than the fleet allows in one pass are held, all of them: a wrong folder or a bad merge looks
 * exactly like this. From three on the share of what is owned counts as well.
 */
function holdDeletions(findings: readonly Finding[], input: GuardInput): readonly Finding[] {
  const removes = (finding: Finding) =>
    finding.holds.length > 0 ? 0 : finding.actions.reduce((sum, action) => sum + action.removes, 0)
  const here = findings.reduce((sum, finding) => sum + removes(finding), 0)
  // What is to go and could not be read would go in the next pass: half a list must not halve the count.
  const unread = findings.filter(
    ({ desired, unknown, owned }) => !desired && unknown && owned?.deletionPolicy !== 'Orphan',
  ).length
  // What waits for a time (a back-off, a window, the end of a suspension), or for what takes its place, goes by itself as
  // soon as that wait is over: none of them must split a mass deletion.
  const later = findings.filter(
    ({ desired, actions, holds }) =>
      !desired &&
      actions.some(({ removes }) => removes > 0) &&
      holds.length > 0 &&
      holds.every(({ reason, until }) => until !== undefined || reason === 'DependencyNotReady'),
  ).length
  // What is being made is not there yet, and goes as soon as it is.
  const coming = findings.filter(
    ({ id, desired, actions, owned }) =>
      !desired && actions.length === 0 && owned && owned.deletionPolicy !== 'Orphan' && input.isBusy(id),
  ).length
  const count = here + unread + later + coming + input.otherRemovals
  if (here === 0 || count <= (input.allowedDeletions ?? 0)) return findings
  const { max, percent } = input.fleet.deletions
  const share = (100 * count) / Math.max(1, input.view.inventory.size)
  const isOverShare = count >= 3 && share > percent
  if (count <= max && !isOverShare) return findings
  const limit = count > max ? `at most ${max} a pass` : `at most ${percent} % of what is owned`
  const hold: Hold = {
    reason: 'DeletionLimit',
    message: `${count} deletions are over the limit (${limit}); \`--allow-deletions ${count}\` lets them happen`,
    until: undefined,
  }
  return findings.map((finding) =>
    removes(finding) > 0 ? { ...finding, holds: [...finding.holds, hold] } : finding,
  )
}
