import type { Condition } from './condition.ts'
import type { HealthStatus, SyncStatus } from './health.ts'
import type { ResourceId } from './resource.ts'

/** What a part of a resource is like: one instance, one function, one script. */
export interface ChildStatus {
  readonly name: string
  readonly health: HealthStatus
  readonly message: string
  /** Small facts for `describe`, such as pid or digest. */
  readonly details: Readonly<Record<string, string | number | boolean>>
}

/** The time of a reading that never was. */
export const neverObserved = 0

/** What is known of one resource after it was last looked at. Made by `summarise` alone. */
export interface ResourceStatus {
  readonly id: ResourceId
  readonly sync: SyncStatus
  readonly health: HealthStatus
  readonly reason: string
  readonly message: string
  /** Epoch milliseconds of the reading; `neverObserved` where there was none. */
  readonly observedAt: number
  /** Corrective attempts since it was last stable. */
  readonly attempts: number
  readonly nextAttemptAt: number | undefined
  readonly lastAction: LastAction | undefined
  readonly conditions: readonly Condition[]
  readonly children: readonly ChildStatus[]
  readonly critical: boolean
  /** True where it is held outside its windows, suspended or standing by: not unhealthy by itself. */
  readonly isExcused: boolean
}

export interface LastAction {
  readonly type: string
  readonly summary: string
  readonly at: number
  readonly outcome: 'succeeded' | 'failed' | 'unknown'
  readonly message: string | undefined
}

/** The fleet as the store knows it. */
export interface FleetStatus {
  readonly fleet: string
  readonly environment: string | undefined
  /** Epoch milliseconds of the oldest reading; undefined: nothing was ever read. */
  readonly observedAt: number | undefined
  readonly health: FleetHealth
  readonly resources: readonly ResourceStatus[]
}

export interface FleetHealth {
  /** 0 to 100, whole; undefined: nothing is declared. */
  readonly score: number | undefined
  readonly target: number
  readonly state: 'Healthy' | 'Degraded' | 'NothingDeclared'
}

/**
 * The share of resources that are Healthy or Suspended, rounded down so that 100 means all. A critical resource
 * that is neither makes the fleet Degraded whatever its score.
 */
export function scoreFleet(resources: readonly ResourceStatus[], target: number): FleetHealth {
  if (resources.length === 0) return { score: undefined, target, state: 'NothingDeclared' }
  const counts = (status: ResourceStatus) => status.health === 'Healthy' || status.health === 'Suspended'
  const score = Math.floor((100 * resources.filter(counts).length) / resources.length)
  const isCriticalFine = resources.every((status) => !status.critical || counts(status))
  return { score, target, state: score >= target && isCriticalFine ? 'Healthy' : 'Degraded' }
}
