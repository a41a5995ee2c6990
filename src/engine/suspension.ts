import type { LedgerView } from '../core/ledger.ts'
import type { Resource, ResourceId, Suspension } from '../core/resource.ts'

/** The suspension in force: by command first, then by manifest. One whose time is over suspends nothing. */
export function suspensionOf(
  resource: Resource | undefined,
  view: LedgerView,
  now: number,
): Suspension | undefined {
  if (!resource) return undefined
  return commandedSuspension(resource.id, view, now) ?? inForce(resource.controls.suspend, now)
}

/** What a person said by command holds also after the manifest has gone. */
export function commandedSuspension(id: ResourceId, view: LedgerView, now: number): Suspension | undefined {
  return inForce(view.suspensions.get(id), now)
}

function inForce(suspension: Suspension | undefined, now: number): Suspension | undefined {
  return suspension && (suspension.until === undefined || suspension.until > now) ? suspension : undefined
}
