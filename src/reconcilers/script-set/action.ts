import type { Action } from '../../core/action.ts'
import type { Duration } from '../../core/duration.ts'
import type { BegunRun } from './checks/check-run.ts'

/** One step, with what its `apply` needs. */
export type ScriptSetAction = RestoreAction | CheckAction | EndCheckAction

/** Writes declared texts into package.json. */
export interface RestoreAction extends Action {
  readonly type: 'restore'
  readonly path: string
  readonly realPath: string
  /** Of the text that it was decided on. */
  readonly hash: string
  readonly texts: ReadonlyMap<string, string>
}

/** Runs a script to learn whether it works. */
export interface CheckAction extends Action {
  readonly type: 'check'
  readonly resource: string
  readonly script: string
  /** The package's folder. */
  readonly folder: string
  readonly limit: Duration
  /** The end of the run before it: where there is a later one, this has been done. */
  readonly after: number
}

/** Ends a run that outlived the controller that began it, and its own limit. */
export interface EndCheckAction extends Action {
  readonly type: 'end-check'
  readonly resource: string
  readonly script: string
  readonly begun: BegunRun
}
