import type { LedgerView } from '../core/ledger.ts'
import type { Resource, Suspension } from '../core/resource.ts'

/** The suspension in force: by command first, then by manifest. One whose time is over suspends nothing. */
export function suspensionOf(
  resource: Resource | undefined,
  view: LedgerView,
  now: number,
): Suspension | undefined {
  if (!resource) return undefined
  const candidates = [view.suspensions.get(resource.id), resource.controls.suspend]
  return candidates.find(
    (suspension) => suspension && (suspension.until === undefined || suspension.until > now),
  )
}
