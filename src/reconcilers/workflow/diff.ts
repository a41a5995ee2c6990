import type { WorkflowAction } from './action.ts'
import { abandonActions, fileActions } from './file-actions.ts'
import { memoryOf } from './memory.ts'
import { actionOf, disabledBy, type WorkflowPair, wantedState } from './pair.ts'
import type { DesiredWorkflow } from './place.ts'

/** What must be done so that the workflow is as declared: its file first, then its switch. Empty: nothing. */
export function diffWorkflow(pair: WorkflowPair): readonly WorkflowAction[] {
  const { desired } = pair
  if (!desired) return diffRemoved(pair)
  return [...abandonActions(pair, 'run'), ...fileActions(pair, desired), ...stateActions(pair, desired)]
}

function stateActions(pair: WorkflowPair, desired: DesiredWorkflow): readonly WorkflowAction[] {
  const state = pair.observed?.workflow?.state
  const wanted = wantedState(pair, desired)
  if (state === undefined || wanted === undefined) return []
  const isOff = state.startsWith('disabled_')
  const changes = [{ path: 'state', before: state, after: wanted, sensitive: false }]
  if (wanted === 'disabled' && state === 'active') {
    const reason = pair.posture === 'standby' ? 'it stands by' : 'enabled by somebody'
    const remembers = { disabledByUs: true }
    return [
      actionOf(pair, { type: 'disable', verb: 'update', summary: 'disable', reason, changes, remembers }),
    ]
  }
  if (wanted === 'active' && isOff) {
    const blocked = refusalToEnable(pair, desired)
    return [
      actionOf(pair, {
        type: 'enable',
        verb: 'update',
        summary: 'enable',
        reason: disabledBy(state),
        changes,
        ...(blocked !== undefined && { blocked: { reason: 'NotAllowed' as const, message: blocked } }),
      }),
    ]
  }
  return []
}

/** A person's own switch is not undone without being told to; what we switched off ourselves is. */
function refusalToEnable(pair: WorkflowPair, desired: DesiredWorkflow): string | undefined {
  const state = pair.observed?.workflow?.state
  if (memoryOf(pair.owned).disabledByUs) return undefined
  const word = state === 'disabled_inactivity' ? 'inactivity' : 'manual'
  const allowed: readonly string[] = desired.spec.reenable ?? ['inactivity']
  if (allowed.includes(word)) return undefined
  return `\`reenable: [${word}]\` lets it be enabled again`
}

/**
 * Deleting a workflow is switching it off, where that is wanted; its file and its runs are the repository's. What we
 * proposed is ours to take back in any case.
 */
function diffRemoved(pair: WorkflowPair): readonly WorkflowAction[] {
  const closings = abandonActions(pair, 'delete')
  const isLeft = pair.owned?.deletionPolicy !== 'Delete'
  if (isLeft || pair.observed?.workflow?.state !== 'active') return closings
  const reason = 'no longer declared'
  return [
    ...closings,
    actionOf(pair, { type: 'disable', verb: 'delete', summary: 'disable', reason, removes: 1 }),
  ]
}
