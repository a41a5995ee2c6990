import type { Declaration } from '../core/declaration.ts'
import type { Intent } from '../core/intent.ts'
import type { LedgerEntry, LedgerView, ResourceState } from '../core/ledger.ts'
import type { Owned } from '../core/ownership.ts'
import { kindOf, type Resource, type ResourceId } from '../core/resource.ts'
import { isSameJson } from './canonical.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './outcome.ts'
import { fieldsAfter, isInSync } from './owned-fields.ts'
import { isMarkedRefused } from './refusal.ts'
import { reconcilerOf, type World } from './world.ts'

/** Samples are kept this far apart, unless a restart happened in between. */
const sampleSpacing = 10_000

/** What a pass writes down of one resource: its state, whose it is, what happened and what was measured. */
export function recordOf(
  world: World,
  finding: Finding,
  result: {
    readonly state: ResourceState
    readonly outcomes: readonly Outcome[]
    readonly view: LedgerView
    readonly now: number
    readonly mayForget: boolean
  },
): readonly LedgerEntry[] {
  if (finding.isContext) return []
  if (isOver(finding)) return result.mayForget ? recordOfGone(world, finding, result.now) : []
  const closed = finding.unconfirmed.filter((intent) => !finding.unknown && isClosed(finding, intent))
  return [
    { type: 'state', id: finding.id, state: result.state },
    ...ownershipAfter(world, finding, result),
    ...(isRowUnfounded(world, finding, result) ? withdrawRow(world, finding, result.now) : []),
    ...closed.map((intent) => settleEntry(intent.intentId, 'superseded', result.now)),
    ...redated(finding, closed, result.view),
    ...result.outcomes.flatMap((outcome) => settlement(world, outcome)),
    ...eventsOf(finding, result),
    ...sampleOf(finding, result.view),
  ]
}

/** No longer declared, and gone or left alone. */
function isOver(finding: Finding): boolean {
  return !finding.desired && (finding.stance === 'released' || finding.stance === 'absent')
}

/** Whether nothing of it is remembered after this pass. */
export function isForgotten(finding: Finding, mayForget: boolean): boolean {
  return isOver(finding) && mayForget
}

/** A row that was written before a create which then did not happen, because the vendor refused or another was quicker. */
function isRowUnfounded(
  world: Pick<World, 'reconcilers'>,
  finding: Finding,
  result: { readonly outcomes: readonly Outcome[]; readonly view: LedgerView },
): boolean {
  if (finding.stance === 'not-ours') return result.view.inventory.has(finding.id)
  if (finding.stance !== 'absent' || finding.ownership || !finding.desired) return false
  const isRefused = result.outcomes.length > 0 && result.outcomes[0]?.result === 'failed'
  return isRefused && reconcilerOf(world, finding.desired.kind).leavesMark
}

/** What its vendor refused may come all the same, and would bear our mark. */
function withdrawRow(
  world: Pick<World, 'reconcilers'>,
  { id, desired }: Finding,
  now: number,
): readonly LedgerEntry[] {
  if (!desired) return [{ type: 'disown', id }]
  const externalName = reconcilerOf(world, desired.kind).externalName(desired)
  const row = { id, externalName, origin: 'created', deletionPolicy: lastingPolicy(desired) } as const
  return [{ type: 'disown', id }, ...recordOfRowless(world, row, now)]
}

/**
 * What was to go is remembered by its name: where its vendor brings it back, or gets round to it only then, nobody owns it,
 * and people are told. What was left on purpose is not.
 */
function recordOfRowless(
  world: Pick<World, 'reconcilers'>,
  row: Pick<Owned, 'id' | 'externalName' | 'origin' | 'deletionPolicy'>,
  now: number,
): readonly LedgerEntry[] {
  const kind = kindOf(row.id)
  const { leavesMark, deletionDefault } = reconcilerOf(world, kind)
  const isToGo = (row.deletionPolicy ?? deletionDefault[row.origin]) === 'Delete'
  return leavesMark && isToGo ? [{ type: 'gone', kind, externalName: row.externalName, at: now }] : []
}

/**
 * What may be repeated needs no answer once the world was read; what may not is open until the world shows it. An
 * attempt on what is not declared at the moment stays open, to be counted when it is declared again.
 */
function isClosed(finding: Finding, intent: Intent): boolean {
  if (!finding.desired && intent.verb !== 'delete') return false
  return intent.repeatable || (finding.assessment.resolvedIntents?.includes(intent.intentId) ?? false)
}

/** What stays open and was dated ahead, because the clock was set back, is dated as the pass saw it. */
function redated(
  { unconfirmed }: Finding,
  closed: readonly Intent[],
  { openIntents }: LedgerView,
): readonly LedgerEntry[] {
  return unconfirmed
    .filter((intent) => !closed.includes(intent))
    .filter(({ intentId, at }) => openIntents.some((open) => open.intentId === intentId && open.at > at))
    .map((intent) => ({ type: 'intend', intent }))
}

/**
 * Closes the intent of an outcome. An unknown one stays open, and so does the success of what the vendor names
 * and we must not repeat: his next list may not show it yet.
 */
export function settlement(world: Pick<World, 'reconcilers'>, outcome: Outcome): readonly LedgerEntry[] {
  const { intentId, result, action, at } = outcome
  if (intentId === undefined || result === 'unknown') return []
  const isAssigned = reconcilerOf(world, kindOf(outcome.id)).identity === 'assigned'
  if (result === 'succeeded' && isAssigned && !action.repeatable) return []
  return [settleEntry(intentId, result, at)]
}

function settleEntry(
  intentId: string,
  outcome: 'succeeded' | 'failed' | 'superseded',
  at: number,
): LedgerEntry {
  return { type: 'settle', intentId, outcome, at }
}

/** The inventory forgets only what is confirmed to be gone, or what is left alone on purpose. */
function recordOfGone(
  world: Pick<World, 'reconcilers'>,
  finding: Finding,
  now: number,
): readonly LedgerEntry[] {
  const { id, owned } = finding
  const message =
    finding.stance === 'absent'
      ? `${finding.successor ? `was ${finding.successor.id}` : 'no longer declared'}, and gone`
      : finding.assessment.message || 'left as it is'
  return [
    { type: 'disown', id },
    { type: 'forget-state', id },
    ...(owned ? recordOfRowless(world, owned, now) : []),
    ...finding.unconfirmed.map(({ intentId }) => settleEntry(intentId, 'superseded', now)),
    {
      type: 'event',
      event: {
        at: now,
        type: 'Normal',
        reason: finding.stance === 'absent' ? 'Pruned' : 'Released',
        id,
        message,
      },
    },
  ]
}

/** In sync, we own exactly the declared fields; before that the row written with the intent stands. */
function ownershipAfter(
  world: World,
  finding: Finding,
  result: { readonly outcomes: readonly Outcome[]; readonly view: LedgerView; readonly now: number },
): readonly LedgerEntry[] {
  const { desired } = finding
  const isOurs = finding.stance === 'ours' || finding.stance === 'taken-back' || finding.stance === 'adopted'
  const isAbsentAndOwned = finding.stance === 'absent' && finding.ownership !== undefined
  if (!desired || result.outcomes.length > 0 || !(isOurs || isAbsentAndOwned)) return []
  if (desired.controls.managementPolicy === 'Observe' && !finding.ownership) return []
  const reconciler = reconcilerOf(world, desired.kind)
  const before = finding.ownership
  if (!before && !isInSync(finding)) return []
  const owned: Owned = {
    id: finding.id,
    externalName: reconciler.externalName(desired),
    origin: before?.origin ?? 'adopted',
    deletionPolicy: lastingPolicy(desired),
    fields: fieldsAfter(world, finding),
    memory: { ...before?.memory, ...finding.assessment.remember },
    since: before?.since ?? result.now,
  }
  const stored = result.view.inventory.get(finding.id)
  const isKnown = stored && isSameJson(stored, owned)
  return [...(isKnown ? [] : [{ type: 'own' as const, owned }]), ...endReplaced(finding)]
}

/** What outlives the manifest: what was only to be observed is not deleted when its manifest goes. */
export function lastingPolicy({ controls }: Resource): Owned['deletionPolicy'] {
  return controls.managementPolicy === 'Observe' ? 'Orphan' : controls.deletionPolicy
}

/** The rows of old ids end in the same commit in which the new id takes the thing over. */
export function endReplaced(finding: Finding): readonly LedgerEntry[] {
  return finding.replaces.flatMap((id) => [
    { type: 'disown', id },
    { type: 'forget-state', id },
  ])
}

const verbReasons = { create: 'Created', update: 'Updated', run: 'Ran', delete: 'Deleted' } as const

function eventsOf(
  finding: Finding,
  result: { readonly state: ResourceState; readonly outcomes: readonly Outcome[]; readonly now: number },
): readonly LedgerEntry[] {
  const entries: LedgerEntry[] = []
  const say = (type: 'Normal' | 'Warning', reason: string, message: string) => {
    entries.push({ type: 'event', event: { at: result.now, type, reason, id: finding.id, message } })
  }
  for (const outcome of result.outcomes) {
    const { action } = outcome
    if (outcome.isToldByDomain) continue
    if (outcome.result === 'succeeded')
      say('Normal', verbReasons[action.verb], `${action.summary}: ${action.reason}`)
    if (outcome.result === 'failed')
      say('Warning', 'ApplyFailed', `${action.summary}: ${outcome.message ?? 'failed'}`)
    if (outcome.result === 'unknown')
      say('Warning', 'OutcomeUnknown', `${action.summary}: ${outcome.message ?? ''}`)
  }
  const before = finding.state
  const { status, activeFor } = result.state
  // The outage of a domain is told once, for the domain; its end tells only what is otherwise than before.
  const isOut = result.state.healthBeforeOutage !== undefined
  const told = before?.healthBeforeOutage ?? before?.status.health
  // What a whole domain refuses is told of the domain, and so is what that makes of a resource.
  const isRefused = isMarkedRefused(result.state)
  const isOnlyRefused = isRefused && status.health !== finding.assessment.status
  if (told !== status.health && status.reason !== 'Acted' && !isOut && !isOnlyRefused) {
    const isFine =
      status.health === 'Healthy' || status.health === 'Suspended' || status.health === 'Progressing'
    say(isFine ? 'Normal' : 'Warning', status.health, status.message)
  }
  const hold = finding.holds[0]
  const heldBefore = before?.status.conditions.find((condition) => condition.type === 'Held')
  if (hold && !isRefused && heldBefore?.reason !== hold.reason) say('Warning', hold.reason, hold.message)
  const suspensionOf = (state: ResourceState | undefined) =>
    state?.status.conditions.find((condition) => condition.type === 'Suspended')
  const suspension = suspensionOf(result.state)
  if (suspension?.reason === 'EndingSoon' && suspensionOf(before)?.reason !== 'EndingSoon')
    say('Warning', 'SuspensionEnding', `suspended only ${suspension.message}`)
  const wasActive = (before?.activeFor.length ?? 0) > 0
  if (activeFor.length > 0 && !wasActive)
    say('Warning', 'FallbackActivated', `stands in for ${activeFor.join(', ')}`)
  if (activeFor.length === 0 && wasActive) say('Normal', 'FallbackStoodDown', 'its primary is healthy again')
  return entries
}

/** Of the time when it was read: what the pass did after that is not in it, and must not seem to have come before it. */
function sampleOf(finding: Finding, view: LedgerView): readonly LedgerEntry[] {
  const at = finding.observedAt
  const values = finding.assessment.measurements
  if (Object.keys(values).length === 0) return []
  const last = view.recentSamples.get(finding.id)?.at(-1)
  const isNew = !last || at - last.at >= sampleSpacing || last.values.restarts !== values.restarts
  return isNew ? [{ type: 'sample', id: finding.id, sample: { at, values } }] : []
}

/** States of what is neither declared nor owned any more, of all of it or of some ids. */
export function recordOfLeftovers(
  declaration: Declaration,
  view: LedgerView,
  among: Iterable<ResourceId> = view.states.keys(),
): readonly LedgerEntry[] {
  const declared = new Set<ResourceId>(declaration.resources.map((resource) => resource.id))
  return [...among]
    .filter((id) => view.states.has(id) && !declared.has(id) && !view.inventory.has(id))
    .map((id) => ({ type: 'forget-state', id }))
}
