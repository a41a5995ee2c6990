import type { Declaration } from '../core/declaration.ts'
import { compareIds } from '../core/resource.ts'
import { type FleetStatus, neverObserved } from '../core/status.ts'
import type { Workspace } from './workspace.ts'

/** When a resource is looked at next without any event, and why. */
export interface Due {
  readonly id: string
  readonly at: number
  readonly what: string
}

/** The newest reading of any resource; undefined: nothing was ever read. */
export function lastPassOf({ resources }: FleetStatus): number | undefined {
  const times = resources.map(({ observedAt }) => observedAt).filter((at) => at !== neverObserved)
  return times.length === 0 ? undefined : Math.max(...times)
}

/** What a controller has to do next as far as the store tells, soonest first: attempts that are due, then readings. */
export function queueOf(
  declaration: Pick<Declaration, 'fleet' | 'resources'>,
  { resources }: FleetStatus,
  { reconcilers }: Pick<Workspace, 'reconcilers'>,
): readonly Due[] {
  const declared = new Map(declaration.resources.map((resource) => [resource.id, resource]))
  return resources
    .flatMap(({ id, observedAt, nextAttemptAt, attempts, health }) => {
      const resource = declared.get(id)
      if (!resource || observedAt === neverObserved) return []
      if (nextAttemptAt !== undefined && health !== 'Healthy')
        return [{ id, at: nextAttemptAt, what: `attempt ${attempts + 1}` }]
      const interval =
        resource.controls.interval ??
        declaration.fleet.intervals[resource.kind] ??
        reconcilers.get(resource.kind)?.defaultInterval
      return interval === undefined ? [] : [{ id, at: observedAt + interval, what: 'is read again' }]
    })
    .toSorted((a, b) => a.at - b.at || compareIds(a.id, b.id))
}
