import type { ResourceState } from '../core/ledger.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import type { Finding } from './finding.ts'

/** Whether others who lean on it would decide otherwise by what is known of it now. */
export function isNews(finding: Finding, after: ResourceState, now: number): boolean {
  const before = finding.state
  return (
    before?.status.health !== after.status.health ||
    before.status.sync !== after.status.sync ||
    before.recovery.attempts !== after.recovery.attempts ||
    (before.recovery.healthySince === undefined) !== (after.recovery.healthySince === undefined) ||
    heldBy(before) !== heldBy(after) ||
    isDueToStandDown(finding, after, now)
  )
}

/** What keeps it from being mended: some holds call its fallbacks at once, whatever its health is. */
function heldBy(state: ResourceState | undefined): string | undefined {
  return state?.status.conditions.find(({ type, status }) => type === 'Held' && status === 'True')?.reason
}

/** A primary that became stable by the mere passing of time is news for its fallbacks. */
function isDueToStandDown({ desired }: Finding, { recovery }: ResourceState, now: number): boolean {
  if (!desired || desired.controls.fallback.length === 0 || recovery.healthySince === undefined) return false
  return now - recovery.healthySince >= desired.controls.recovery.stableFor
}

/** By resource: who leans on it, which is what depends on it and what stands behind it. */
export function findLeaning(
  resources: readonly Resource[],
): ReadonlyMap<ResourceId, ReadonlySet<ResourceId>> {
  const leaning = new Map<ResourceId, Set<ResourceId>>()
  const note = (on: ResourceId, id: ResourceId) => {
    const known = leaning.get(on)
    if (known) known.add(id)
    else leaning.set(on, new Set([id]))
  }
  for (const { id, controls } of resources) for (const on of controls.dependsOn) note(on, id)
  for (const { id, controls } of resources) for (const fallback of controls.fallback) note(id, fallback)
  return leaning
}
