import type { ActionVerb } from '../../core/action.ts'
import type { ResourceState } from '../../core/ledger.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Outcome } from '../../engine/outcome.ts'
import type { ExitStatus } from '../invocation.ts'

/** One action that a pass took, as it is printed, whoever took it. */
export interface TakenAction {
  readonly id: ResourceId
  readonly verb: ActionVerb
  readonly summary: string
  readonly reason: string
  readonly result: 'succeeded' | 'failed' | 'unknown' | 'superseded'
  readonly message: string | null
}

export function takenActionOf({ id, action, result, message }: Outcome): TakenAction {
  const { verb, summary, reason } = action
  return { id, verb, summary, reason, result, message: message ?? null }
}

/**
 * 0: nothing that was tried last has failed, and everything that is not suspended, standing by or outside its
 * window is Healthy; without waiting, what is on its way counts as well.
 */
export function exitStatusOf(input: {
  readonly states: ReadonlyMap<ResourceId, ResourceState>
  readonly actions: readonly TakenAction[]
  readonly hasErrors: boolean
  readonly hasWaited: boolean
}): ExitStatus {
  if (input.hasErrors) return 1
  const last = new Map(input.actions.map((action) => [action.id, action]))
  for (const action of last.values()) if (action.result === 'failed' || action.result === 'unknown') return 1
  const isFine = ({ status }: ResourceState) => {
    const held = status.conditions.find(
      (condition) => condition.type === 'Held' && condition.status === 'True',
    )
    if (held?.reason === 'DeletionLimit' || held?.reason === 'PolicyDenied') return false
    if (status.isExcused || status.health === 'Healthy') return true
    const isOnItsWay = status.health === 'Progressing' || held?.reason === 'DependencyNotReady'
    return !input.hasWaited && isOnItsWay
  }
  return [...input.states.values()].every(isFine) ? 0 : 1
}
