import type { Action } from './action.ts'
import type { Position } from './diagnostic.ts'
import type { ResourceId } from './resource.ts'

/** An action that would be taken. */
export interface ProposedAction {
  readonly id: ResourceId
  readonly action: Action
}

/** What one policy has against something. */
export interface Verdict {
  readonly policy: ResourceId
  /** Undefined: the actions of a pass together. */
  readonly id: ResourceId | undefined
  /** One sentence for people; holds no value of a manifest. */
  readonly message: string
  /** Where the rule stands; undefined: it could not be read. */
  readonly position: Position | undefined
}

/** What the fleet's policies say of what is about to be done. Pure, and always within a bounded time. */
export interface Judge {
  /** Two judges with one fingerprint judge alike. */
  readonly fingerprint: string
  /** Why an action must not be taken; empty: no policy is against it. */
  deny(proposed: ProposedAction, now: number): readonly Verdict[]
  /** Why the actions of one pass must not be taken together. */
  denyTogether(proposed: readonly ProposedAction[], now: number): readonly Verdict[]
  /** What is only told, of each action and of all together. */
  warn(proposed: readonly ProposedAction[], now: number): readonly Verdict[]
}
