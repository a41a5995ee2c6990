import type { Action } from './action.ts'
import type { Position } from './diagnostic.ts'
import type { HealthStatus, SyncStatus } from './health.ts'
import type { Hold } from './hold.ts'
import type { Stray } from './ownership.ts'
import type { Verdict } from './policy.ts'
import type { ResourceId } from './resource.ts'

/** One resource in a plan. `actions` are what is wanted; with a hold none of them is taken now. */
export interface PlannedResource {
  readonly id: ResourceId
  readonly origin: Position | undefined
  readonly sync: SyncStatus
  readonly health: HealthStatus
  readonly message: string
  readonly actions: readonly Action[]
  readonly holds: readonly Hold[]
  /** Fields whose values were not read, so that nobody knows whether they differ; those of `actions` not repeated. */
  readonly unread?: readonly string[]
  /** It is no longer declared, and the inventory lets go of it without touching it: why, in words. */
  readonly released?: string
  /** Why nothing can be said of it. */
  readonly unknown: { readonly code: string; readonly message: string } | undefined
}

/**
 * What a plan rests on, of one resource, as hashes: when one of them differs, so may what is to be done. Never of pids,
 * memory or times, and never of what a wait or a window holds, which time alone changes.
 */
export interface Basis {
  /** Its declared fields in normal form, secrets by their keyed digests. */
  readonly declared: string
  /** What the state knows of it. */
  readonly owned: string
  /** What was found, what keeps it from being changed, and what is to be done. */
  readonly found: string
  /** Of that, what is to be done alone. */
  readonly actions: string
}

/** All that a pass would do, in order. */
export interface Plan {
  readonly fleet: string
  readonly environment: string | undefined
  /** Epoch milliseconds of the oldest reading that it rests on. */
  readonly observedAt: number
  /** In the order in which actions are taken. */
  readonly resources: readonly PlannedResource[]
  /** What bears our mark and nobody declares or knows: only told of. Default: nothing. */
  readonly strays?: readonly Stray[]
  /** What policies only tell of it. Default: nothing. */
  readonly warnings?: readonly Verdict[]
  readonly basis: ReadonlyMap<ResourceId, Basis>
  /** Of the basis of all, in their order. */
  readonly fingerprint: string
}

export interface PlanSummary {
  readonly create: number
  readonly update: number
  readonly run: number
  readonly delete: number
  readonly held: number
  readonly unknown: number
  readonly unchanged: number
}

/** Counts resources by what happens to them: each one once, by its first action. */
export function summarisePlan(plan: Plan): PlanSummary {
  const counts = { create: 0, update: 0, run: 0, delete: 0, held: 0, unknown: 0, unchanged: 0 }
  for (const resource of plan.resources) counts[planOutcome(resource)] += 1
  return counts
}

export type PlanOutcome = keyof PlanSummary

/** What a plan does with a resource, in one word. */
export function planOutcome(resource: PlannedResource): PlanOutcome {
  if (resource.unknown) return 'unknown'
  if (resource.holds.length > 0) return 'held'
  return resource.actions[0]?.verb ?? 'unchanged'
}
