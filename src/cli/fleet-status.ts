import type { Declaration } from '../core/declaration.ts'
import type { LedgerView, ResourceState } from '../core/ledger.ts'
import { compareIds, type Resource, type ResourceId } from '../core/resource.ts'
import { type FleetStatus, neverObserved, type ResourceStatus, scoreFleet } from '../core/status.ts'

/**
 * The fleet as it is known: what was last seen of each resource, and of what is declared and was never looked at
 * that nothing is known. Narrowed to a selection, the score is still the whole fleet's.
 */
export function fleetStatusOf(
  declaration: Pick<Declaration, 'fleet' | 'resources'>,
  states: ReadonlyMap<ResourceId, ResourceState>,
  selects: (id: ResourceId) => boolean = () => true,
  strays: LedgerView['strays'] = new Map(),
): FleetStatus {
  const seen = [...states.values()].map((state) => state.status)
  const unseen = declaration.resources.filter((resource) => !states.has(resource.id)).map(neverLookedAt)
  const all = [...seen, ...unseen].sort((a, b) => compareIds(a.id, b.id))
  const listed = all.filter((status) => selects(status.id))
  const times = seen.map((status) => status.observedAt)
  return {
    fleet: declaration.fleet.name,
    environment: declaration.fleet.environment,
    observedAt: times.length > 0 ? Math.min(...times) : undefined,
    health: scoreFleet(all, declaration.fleet.healthTarget),
    resources: listed,
    ...(listed.length < all.length && { whole: all }),
    strays: [...strays.values()].flat(),
  }
}

function neverLookedAt({ id, controls }: Resource): ResourceStatus {
  return {
    id,
    sync: 'Unknown',
    health: 'Unknown',
    reason: 'NeverLookedAt',
    message: 'no pass has looked at it yet',
    observedAt: neverObserved,
    attempts: 0,
    nextAttemptAt: undefined,
    lastAction: undefined,
    conditions: [],
    children: [],
    critical: controls.critical,
    isExcused: false,
  }
}
