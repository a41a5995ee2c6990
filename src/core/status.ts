import type { Condition } from './condition.ts'
import type { HealthStatus, SyncStatus } from './health.ts'
import type { Stray } from './ownership.ts'
import { compareIds, type ResourceId } from './resource.ts'

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
  /** False: it failed and used up no attempt, so that neither their count nor their pace holds what follows. Default: true. */
  readonly isAttempt?: boolean | undefined
}

/** The fleet as the store knows it. */
export interface FleetStatus {
  readonly fleet: string
  readonly environment: string | undefined
  /** Epoch milliseconds of the oldest reading; undefined: nothing was ever read. */
  readonly observedAt: number | undefined
  readonly health: FleetHealth
  /** Those that were asked for. */
  readonly resources: readonly ResourceStatus[]
  /** All of the fleet, whose score is told. Default: the same. */
  readonly whole?: readonly ResourceStatus[]
  /** What bears our mark and nobody declares or knows: only told of. Default: nothing. */
  readonly strays?: readonly Stray[]
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
  const score = Math.floor((100 * resources.filter(countsAsHealthy).length) / resources.length)
  const isCriticalFine = resources.every((status) => !status.critical || countsAsHealthy(status))
  return { score, target, state: score >= target && isCriticalFine ? 'Healthy' : 'Degraded' }
}

function countsAsHealthy({ health }: ResourceStatus): boolean {
  return health === 'Healthy' || health === 'Suspended'
}

/** How much sooner a person should look at one than at another: each costs the score the same. */
const urgency: Readonly<Record<HealthStatus, number>> = Object.freeze({
  Degraded: 5,
  Missing: 4,
  Unknown: 3,
  Progressing: 2,
  Suspended: 1,
  Healthy: 0,
})

/**
 * What lowers the score, each resource once, in order of weight: the critical ones, which make the whole fleet
 * Degraded; then by health, from what is certainly broken to what is on its way; then by id.
 */
export function loweringOf(resources: readonly ResourceStatus[]): readonly ResourceStatus[] {
  return resources
    .filter((status) => !countsAsHealthy(status))
    .toSorted(
      (a, b) =>
        Number(b.critical) - Number(a.critical) ||
        urgency[b.health] - urgency[a.health] ||
        compareIds(a.id, b.id),
    )
}
