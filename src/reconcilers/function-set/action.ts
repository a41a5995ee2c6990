import type { Action } from '../../core/action.ts'
import type { ObservedVariable } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'
import type { DeployOwner } from './title.ts'

export type FunctionSetActionType =
  /** One deploy with everything that must be there and everything that must stay. */
  | 'deploy'
  /** The site's own build. */
  | 'build'
  /** Look whether what is published holds all that it must. */
  | 'prove'
  /** Publish the last good deploy again. */
  | 'roll-back'
  | 'set-env'
  | 'write-inventory'

/** One step, with what its `apply` needs to be sure that it still is what was decided on. */
export interface FunctionSetAction extends Action {
  readonly type: FunctionSetActionType
  readonly site: string
  /** Whose deploy it is; in its title. */
  readonly owner: DeployOwner
  /** Whether the inventory gave the site to us. */
  readonly isOwned: boolean
  /** The deploy that was published when it was decided; undefined: none was. */
  readonly publishedId: string | undefined
  /** Undefined only where it is deleted. */
  readonly desired: DesiredFunctionSet | undefined
  /** Names of functions that are dropped; nothing else may go. */
  readonly dropped: readonly string[]
  /** What is wrong with what is published, where it is taken back. */
  readonly why: string | undefined
  /** What is to be set or removed; values stand in the manifest alone. */
  readonly variables: readonly ObservedVariable[]
}
