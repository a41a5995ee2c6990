import type { Condition } from '../core/condition.ts'
import type { Declaration } from '../core/declaration.ts'
import type { LedgerView, ResourceState } from '../core/ledger.ts'
import type { Resource, ResourceId, Suspension } from '../core/resource.ts'
import type { ResourceStatus } from '../core/status.ts'
import { conditionOfSuspension, suspensionOf, whileSuspended } from './suspension.ts'
import type { Verdict } from './verdict.ts'

/**
 * The states as the last passes left them, with what people have said since: who suspends a resource need not wait
 * for a pass to be told so. What was suspended, or stopped with its fleet, and is no more is `Unknown` until it is
 * looked at; so is what nobody looks at because its manifest is broken.
 */
export function heardStates(
  view: LedgerView,
  declaration: Pick<Declaration, 'resources' | 'missing'>,
  now: number,
): ReadonlyMap<ResourceId, ResourceState> {
  const declared = new Map(declaration.resources.map((resource) => [resource.id, resource]))
  const heard = [...view.states].map(
    ([id, state]) => [id, withWord(state, declared.get(id), view, now)] as const,
  )
  return withoutManifests(new Map(heard), declaration)
}

/**
 * Nobody knows how what a broken manifest declares is to be, where nothing stands in for it: what was seen of it when that
 * could be read is no reading of now.
 */
export function withoutManifests(
  states: ReadonlyMap<ResourceId, ResourceState>,
  { missing }: Pick<Declaration, 'missing'>,
): ReadonlyMap<ResourceId, ResourceState> {
  if (missing.length === 0) return states
  const message = 'its manifest is broken, and nothing stands in for it: it is not looked at'
  const verdict: Verdict = { health: 'Unknown', reason: 'ManifestBroken', message }
  const lost = missing.flatMap((id) => {
    const state = states.get(id)
    if (!state) return []
    // Since it was last looked at.
    const status = told(state.status, verdict, state.status.observedAt)
    return [[id, { ...state, status: { ...status, sync: 'Unknown' as const } }] as const]
  })
  return new Map([...states, ...lost])
}

function withWord(
  state: ResourceState,
  resource: Resource | undefined,
  view: LedgerView,
  now: number,
): ResourceState {
  const { status } = state
  const suspension = suspensionOf(status.id, resource, { view, now })
  if (suspension) {
    // Of what nothing can be seen nothing is known, suspended or not.
    return status.health === 'Suspended' || status.health === 'Unknown'
      ? state
      : { ...state, status: suspendedSince(status, suspension, now) }
  }
  const wasSuspended = status.health === 'Suspended' && status.reason === 'Suspended'
  const wasDown = status.reason === 'FleetDown' && !view.isDown
  if (!wasSuspended && !wasDown) return state
  const ended = wasDown ? 'the fleet is no longer down' : 'no longer suspended'
  const message = `${ended}; no pass has looked at it since`
  return { ...state, status: told(status, { health: 'Unknown', reason: 'NotLookedAt', message }, now) }
}

function suspendedSince(status: ResourceStatus, suspension: Suspension, now: number): ResourceStatus {
  const { conditions, ...rest } = told(status, whileSuspended(suspension, status.message), now)
  const condition = { ...conditionOfSuspension(suspension, now, now), since: now }
  return { ...rest, conditions: [...conditions, condition], isExcused: true }
}

/** The status with another verdict, in its conditions too. */
function told(status: ResourceStatus, verdict: Verdict, now: number): ResourceStatus {
  const conditions = status.conditions
    .filter(({ type }) => type !== 'Suspended')
    .map(
      (condition): Condition =>
        condition.type === 'Healthy'
          ? {
              ...condition,
              status: verdict.health === 'Unknown' ? 'Unknown' : 'False',
              reason: verdict.reason,
              message: verdict.message,
              since: now,
            }
          : condition,
    )
  return { ...status, ...verdict, conditions, isExcused: false }
}
