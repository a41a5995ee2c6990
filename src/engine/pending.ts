import type { Duration } from '../core/duration.ts'
import type { HoldReason } from '../core/hold.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './outcome.ts'
import { type KnownStates, neededBy, primariesByFallback } from './standby.ts'

/**
 * Which resources may still change by themselves or by our next step, so that waiting for them makes sense.
 * What waits for a person, a window or a rival is not pending.
 */
export function findPending(
  findings: readonly Finding[],
  outcomes: readonly Outcome[],
  context: {
    readonly states: KnownStates
    readonly resources: readonly Resource[]
    readonly now: number
    /** When we stop waiting; what comes after it is not worth waiting for. */
    readonly until: number
  },
): ReadonlySet<ResourceId> {
  const acted = new Set(
    outcomes.filter((outcome) => outcome.result !== 'superseded').map((outcome) => outcome.id),
  )
  const pending = new Set<ResourceId>()
  for (const finding of findings) {
    if (!finding.isContext && (acted.has(finding.id) || isPendingByItself(finding, context.until))) {
      pending.add(finding.id)
    }
  }
  const primariesOf = primariesByFallback(context.resources)
  for (const { id, activeFor, isContext } of findings) {
    const needed = neededBy(id, primariesOf.get(id) ?? [], context.states, context.now)
    if (!isContext && needed.length > 0 !== activeFor.length > 0) pending.add(id)
  }
  spreadToDependants(findings, pending)
  return pending
}

/** Holds that end by themselves, and soon. */
const passingHolds: ReadonlySet<string> = new Set<HoldReason>(['BackOff', 'DomainRefuses', 'Returning'])

function isPendingByItself(finding: Finding, until: number): boolean {
  if (finding.unknown) return false
  const hold = finding.holds[0]
  const { status, recheckAfter } = finding.assessment
  if (hold?.reason === 'UnconfirmedOutcome') return recheckAfter !== undefined
  if (hold) return passingHolds.has(hold.reason) && hold.until !== undefined && hold.until < until
  if (finding.actions.length > 0) return true
  if (finding.assessment.isAwaited === false) return false
  return (
    status === 'Progressing' ||
    ((status === 'Degraded' || status === 'Missing') && recheckAfter !== undefined)
  )
}

function spreadToDependants(findings: readonly Finding[], pending: Set<ResourceId>): void {
  const waiting = new Map<ResourceId, ResourceId[]>()
  for (const { id, desired, holds } of findings) {
    if (holds[0]?.reason !== 'DependencyNotReady') continue
    for (const on of desired?.controls.dependsOn ?? []) {
      const known = waiting.get(on)
      if (known) known.push(id)
      else waiting.set(on, [id])
    }
  }
  // A set that grows while it is gone through is gone through to its new end.
  if (waiting.size > 0) for (const on of pending) for (const id of waiting.get(on) ?? []) pending.add(id)
}

/** Until when nothing is expected to change: the earliest recheck or end of a hold, within bounds. */
export function nextLook(
  findings: readonly Finding[],
  now: number,
  bounds: { readonly least: Duration; readonly most: Duration },
): Duration {
  const waits = findings.flatMap((finding) => [
    finding.assessment.recheckAfter ?? bounds.most,
    ...finding.holds.map((hold) => (hold.until === undefined ? bounds.most : hold.until - now)),
  ])
  return Math.max(bounds.least, Math.min(bounds.most, ...waits))
}
