import type { Duration } from '../core/duration.ts'
import type { FleetSettings } from '../core/fleet.ts'
import type { LedgerView, ResourceState } from '../core/ledger.ts'
import { kindOf } from '../core/resource.ts'
import type { Finding } from './finding.ts'
import { noticeFrom, suspensionOf } from './suspension.ts'
import { reconcilerOf, type World } from './world.ts'

/** Never sooner than this, in ms: whatever a domain or a clock says, no key may spin. */
const least: Duration = 20

/**
 * When a resource must be looked at again without any event: at the next beat of its interval, or earlier where a
 * hold ends, an attempt is due or a verdict may change. The beats of a kind are the same for all its resources, so
 * that one reading serves them all however they were woken between; and others for each controller, so that those of
 * several machines do not march in step.
 */
export function nextVisit(
  world: Pick<World, 'reconcilers'>,
  finding: Finding,
  context: {
    readonly fleet: FleetSettings
    readonly state: ResourceState
    readonly view: LedgerView
    readonly now: number
    /** How long the beats of its kind have been going on, in ms. */
    readonly sinceFirstBeat: Duration
  },
): Duration {
  const { state, now } = context
  const kind = kindOf(finding.id)
  const interval =
    finding.desired?.controls.interval ??
    context.fleet.intervals[kind] ??
    finding.assessment.restFor ??
    reconcilerOf(world, kind).defaultInterval
  const isAttemptDue = state.status.health !== 'Healthy' && state.recovery.nextAttemptAt !== undefined
  const stableAt =
    state.recovery.healthySince !== undefined && (state.recovery.attempts > 0 || hasFallback(finding))
      ? state.recovery.healthySince + (finding.desired?.controls.recovery.stableFor ?? 0)
      : undefined
  const times = [
    ...finding.holds.map((hold) => hold.until),
    isAttemptDue ? state.recovery.nextAttemptAt : undefined,
    stableAt !== undefined && stableAt > now ? stableAt : undefined,
    ...turnsOfSuspension(finding, context),
  ].filter((time) => time !== undefined && time > now) as number[]
  const waits = [
    interval - (context.sinceFirstBeat % interval),
    ...(finding.assessment.recheckAfter === undefined ? [] : [finding.assessment.recheckAfter]),
    ...times.map((time) => time - now),
  ]
  return Math.max(least, Math.min(...waits))
}

/** When people are to be reminded of its end, and its end. */
function turnsOfSuspension(
  finding: Finding,
  context: { readonly state: ResourceState; readonly view: LedgerView; readonly now: number },
): readonly (number | undefined)[] {
  const suspension = suspensionOf(finding.id, finding.desired, context)
  const condition = context.state.status.conditions.find(({ type }) => type === 'Suspended')
  if (!suspension) return []
  return [noticeFrom(suspension, condition?.since ?? context.now), suspension.until]
}

function hasFallback(finding: Finding): boolean {
  return (finding.desired?.controls.fallback.length ?? 0) > 0
}
