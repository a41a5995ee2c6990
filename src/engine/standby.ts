import type { HoldReason } from '../core/hold.ts'
import type { ResourceState } from '../core/ledger.ts'
import { compareIds, type Resource, type ResourceId } from '../core/resource.ts'
import { isRefusedThrough } from './refusal.ts'

/** Holds of a primary that its fallback answers at once: waiting will not cure them. */
const hopelessHolds: ReadonlySet<string> = new Set<HoldReason>([
  'NotOurs',
  'Conflict',
  'ScriptMissing',
  'Contended',
  // Counted by the vendor himself, where our own count does not reach.
  'AttemptsExhausted',
])

/** States as far as they are known, by resource. */
export type KnownStates = Pick<ReadonlyMap<ResourceId, ResourceState>, 'get'>

/** A list of resources never changes once it was read, and every step of a pass asks. */
const known = new WeakMap<readonly Resource[], ReadonlyMap<ResourceId, readonly Resource[]>>()

/** By fallback: the primaries that name it, in id order. */
export function primariesByFallback(
  resources: readonly Resource[],
): ReadonlyMap<ResourceId, readonly Resource[]> {
  const found = known.get(resources) ?? findPrimaries(resources)
  known.set(resources, found)
  return found
}

function findPrimaries(resources: readonly Resource[]): ReadonlyMap<ResourceId, readonly Resource[]> {
  const result = new Map<ResourceId, Resource[]>()
  for (const primary of resources) {
    for (const fallback of primary.controls.fallback) {
      const primaries = result.get(fallback) ?? []
      primaries.push(primary)
      result.set(fallback, primaries)
    }
  }
  for (const primaries of result.values()) primaries.sort((a, b) => compareIds(a.id, b.id))
  return result
}

/**
 * For which primaries a fallback must run now. It is called when attempts are used up, in the order in which
 * the primary lists its fallbacks; it stands down only after the primary was healthy for `stableFor`, so that a
 * flapping primary does not make it flap. What cannot be read changes nothing.
 */
export function neededBy(
  fallback: ResourceId,
  primaries: readonly Resource[],
  states: KnownStates,
  now: number,
): readonly ResourceId[] {
  const wasActiveFor = states.get(fallback)?.activeFor ?? []
  return primaries
    .filter((primary) => {
      const wasActive = wasActiveFor.includes(primary.id)
      const state = states.get(primary.id)
      if (!state) return wasActive
      if (state.status.health === 'Unknown') return wasActive
      if (state.status.health === 'Suspended') return wasActive
      if (isStable(primary, state, now)) return false
      if (wasActive) return true
      return isInNeed(primary, state, now) && comesNext(fallback, primary, states)
    })
    .map((primary) => primary.id)
}

function isStable(primary: Resource, state: ResourceState, now: number): boolean {
  const since = state.recovery.healthySince
  return (
    state.status.health === 'Healthy' &&
    since !== undefined &&
    now - since >= primary.controls.recovery.stableFor
  )
}

function isInNeed(primary: Resource, state: ResourceState, now: number): boolean {
  if (state.status.health === 'Healthy') return false
  if (state.recovery.attempts >= primary.controls.fallbackAfter) return true
  const { fallbackAfter, recovery } = primary.controls
  return isHeldHopelessly(state) || isRefusedThrough(fallbackAfter, recovery.backoff, { state, now })
}

function isHeldHopelessly(state: ResourceState): boolean {
  return state.status.conditions.some(
    (condition) =>
      condition.type === 'Held' && condition.status === 'True' && hopelessHolds.has(condition.reason),
  )
}

/** Whether every fallback listed before this one was activated, and failed too or cannot be started. */
function comesNext(fallback: ResourceId, primary: Resource, states: KnownStates): boolean {
  const earlier = primary.controls.fallback.slice(0, primary.controls.fallback.indexOf(fallback))
  return earlier.every((id) => {
    const state = states.get(id)
    if (!state?.activeFor.includes(primary.id) || state.status.health === 'Healthy') return false
    return state.status.health === 'Degraded' || isHeldHopelessly(state)
  })
}
