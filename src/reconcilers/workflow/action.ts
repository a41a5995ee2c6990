import type { Action } from '../../core/action.ts'
import type { DesiredWorkflow } from './place.ts'

export type WorkflowActionType =
  | 'enable'
  | 'disable'
  | 'rerun-failed'
  | 'rerun'
  | 'dispatch'
  /** Write the file to the branch. */
  | 'commit-file'
  /** Propose the file: one branch and one pull request, made or updated. */
  | 'propose-file'
  /** The branch has the content already, or it is not declared any more: the pull request is moot. */
  | 'close-pull'
  /** Never taken: nothing is left to try. */
  | 'resolve'

/** One step, with what its `apply` needs to be sure that it still is what was decided on. */
export interface WorkflowAction extends Action {
  readonly type: WorkflowActionType
  readonly repository: string
  readonly path: string
  /** Undefined: GitHub has not registered the file yet. */
  readonly workflowId: number | undefined
  readonly branch: string
  /** Undefined only where it is deleted. */
  readonly desired: DesiredWorkflow | undefined
  /** The run that is run again, as it was. */
  readonly run: { readonly id: number; readonly attempt: number } | undefined
  /** The newest run on the branch that was known, of any event; undefined: none. */
  readonly newestRun: number | undefined
  readonly file: { readonly wanted: string; readonly found: string | undefined } | undefined
  /** The one that is closed. */
  readonly pull: { readonly number: number; readonly head: string } | undefined
}
