import type { Action } from '../../core/action.ts'
import type { Pair } from '../../core/reconciler.ts'
import type { WorkflowAction } from './action.ts'
import { memoryOf } from './memory.ts'
import type { ObservedWorkflow } from './observed.ts'
import { branchOf, type DesiredWorkflow, placeOf } from './place.ts'
import type { WorkflowSpec } from './spec.generated.ts'

export type WorkflowPair = Pair<WorkflowSpec, ObservedWorkflow>

/**
 * What the switch must say; undefined: nobody declares it, or the manifest says to leave it as it is. A fallback is off until
 * it is called upon.
 */
export function wantedState(pair: WorkflowPair, desired: DesiredWorkflow): 'active' | 'disabled' | undefined {
  const wanted = declaredState(pair, desired)
  const isMet = (wanted === 'active') === (pair.observed?.workflow?.state === 'active')
  return isIgnored(desired, 'state') && !isMet ? undefined : wanted
}

function declaredState({ posture, owned }: WorkflowPair, { spec }: DesiredWorkflow) {
  if (posture === 'standby') return 'disabled'
  if (spec.state !== undefined) return spec.state
  return memoryOf(owned).disabledByUs ? 'active' : undefined
}

/** Whether the manifest says to leave this field alone. */
export function isIgnored(desired: DesiredWorkflow, field: string): boolean {
  return desired.controls.ignore.includes(`/${field}`)
}

/** Why it is disabled, in words. */
export function disabledBy(state: string): string {
  if (state === 'disabled_inactivity') return 'disabled by GitHub after 60 days without activity'
  if (state === 'disabled_fork') return 'disabled because the repository is a fork'
  return 'disabled by a person'
}

type ActionParts = Pick<WorkflowAction, 'type' | 'verb' | 'summary' | 'reason'> &
  Partial<Omit<WorkflowAction, keyof Action>> &
  Partial<
    Pick<
      Action,
      'changes' | 'repeatable' | 'removes' | 'isRecovery' | 'isUncontested' | 'remembers' | 'blocked'
    >
  >

/** Calls that an action takes at most: what it is decided on is read anew before a write. */
const callsOf: Readonly<Record<WorkflowAction['type'], number>> = Object.freeze({
  enable: 1,
  disable: 1,
  'rerun-failed': 3,
  rerun: 3,
  dispatch: 3,
  'commit-file': 2,
  'propose-file': 7,
  'close-pull': 4,
  resolve: 0,
})

/** An action with what all of them have. */
export function actionOf(pair: WorkflowPair, parts: ActionParts): WorkflowAction {
  const { desired, observed } = pair
  const place = placeOf(pair.owned?.externalName ?? '')
  return Object.freeze({
    changes: [],
    repeatable: true,
    removes: 0,
    isRecovery: false,
    calls: callsOf[parts.type],
    repository: observed?.movedTo ?? desired?.spec.repository ?? place?.repository ?? '',
    path: desired?.spec.path ?? place?.path ?? '',
    workflowId: observed?.workflow?.id,
    branch: desired ? branchOf(desired) : '',
    desired,
    run: undefined,
    newestRun: observed?.runs?.list[0]?.id,
    file: undefined,
    pull: undefined,
    ...parts,
  })
}
