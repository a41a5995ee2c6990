import type { Condition } from '../core/condition.ts'
import type { Duration } from '../core/duration.ts'
import type { LedgerView } from '../core/ledger.ts'
import type { Resource, ResourceId, Suspension } from '../core/resource.ts'
import { type Verdict, withAddition } from './verdict.ts'

/** People are reminded so long before a suspension ends; of a short one in its last tenth. */
const longestNotice: Duration = 600_000
const noticeShare = 0.1

/** From when on its end is near, epoch milliseconds, where it is known since when it holds; undefined: it has no end. */
export function noticeFrom({ until }: Suspension, since: number): number | undefined {
  if (until === undefined) return undefined
  return until - Math.min(longestNotice, noticeShare * Math.max(0, until - since))
}

/**
 * The suspension in force: by command first, which holds also after the manifest has gone, then by manifest. One whose
 * time is over suspends nothing.
 */
export function suspensionOf(
  id: ResourceId,
  desired: Pick<Resource, 'controls'> | undefined,
  { view, now }: { readonly view: Pick<LedgerView, 'suspensions'>; readonly now: number },
): Suspension | undefined {
  return inForce(view.suspensions.get(id), now) ?? inForce(desired?.controls.suspend, now)
}

function inForce(suspension: Suspension | undefined, now: number): Suspension | undefined {
  return suspension && (suspension.until === undefined || suspension.until > now) ? suspension : undefined
}

/** What is said of a suspended resource, with what was seen of it. */
export function whileSuspended(suspension: Suspension, seen: string): Verdict {
  const by = suspension.by === undefined ? '' : ` by ${suspension.by}`
  const until = suspension.until === undefined ? '' : ` until ${new Date(suspension.until).toISOString()}`
  return {
    health: 'Suspended',
    reason: 'Suspended',
    message: withAddition(`suspended${by}${until}: ${suspension.reason}`, seen),
  }
}

/** Its reason changes once when the end comes near, which is what people are reminded by. */
export function conditionOfSuspension(
  suspension: Suspension,
  since: number,
  now: number,
): Omit<Condition, 'since'> {
  const from = noticeFrom(suspension, since)
  const isEnding = from !== undefined && now >= from
  const end =
    suspension.until === undefined
      ? 'until it is resumed'
      : `until ${new Date(suspension.until).toISOString()}`
  return {
    type: 'Suspended',
    status: 'True',
    reason: isEnding ? 'EndingSoon' : 'Suspended',
    message: `${end}: ${suspension.reason}`,
  }
}
