import type { Duration } from './duration.ts'
import type { HoldReason } from './hold.ts'

/** `run` changes no declared field: restart, revive, rerun, dispatch, verify. */
export type ActionVerb = 'create' | 'update' | 'run' | 'delete'

/** A field that an action changes. `before` and `after` are absent where `sensitive`, or where there is none. */
export interface Change {
  /** Dotted path in `spec`, such as `env.LOG_LEVEL`. */
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
  readonly sensitive: boolean
  /** Instead of values, such as `not read in a dry run`. */
  readonly note?: string
}

/** Why a domain does not want its own action to be taken now. */
export interface Blocked {
  readonly reason: HoldReason
  readonly message: string
  /** When it ends by itself, epoch milliseconds; undefined: by an event or a person. */
  readonly until?: number
}

/**
 * One corrective step for one resource. A domain extends it with what its `apply` needs; those further fields
 * never reach a plan that is printed.
 */
export interface Action {
  /** The domain's own word: `start`, `reload`, `rerun-failed`. */
  readonly type: string
  readonly verb: ActionVerb
  /** What will be done, one line, such as `reload without a gap`. */
  readonly summary: string
  /** Why, such as `drifted` or `not running`. */
  readonly reason: string
  readonly changes: readonly Change[]
  /**
   * Whether doing it twice is the same as doing it once. What is not (a dispatch, a deploy) is journalled
   * before, and looked for in the world before it is tried again.
   */
  readonly repeatable: boolean
  /**
   * How many things would go: each counts towards the fleet's deletion limit. 0 for what removes nothing, and for what
   * only makes fewer of a thing that stays declared, such as its instances.
   */
  readonly removes: number
  /** Whether this counts as a recovery attempt: corrective work on something that fails by itself. */
  readonly isRecovery: boolean
  /** Why the domain itself says that it must not be taken now, such as a script that does not exist. */
  readonly blocked?: Blocked
  /**
   * Whether it is only due by its own schedule, as a check is: it corrects nothing, so that doing it again and again
   * is neither an attempt nor a sign that somebody undoes our corrections. Default: false.
   */
  readonly isRoutine?: boolean
  /**
   * Whether the thing still is as our last correction left it, so that what is declared changed (in a source that the
   * spec only names), and nobody undid anything. Such a correction is no sign of a rival. Default: false.
   */
  readonly isUncontested?: boolean
  /**
   * What the inventory's `memory` is to hold once this is tried, written right before it: what it left cannot be told from
   * what others did. Default: nothing.
   */
  readonly remembers?: Readonly<Record<string, unknown>>
  /** How many calls of its vendor's limited API it takes, at most; for the plan. Default: 0. */
  readonly calls?: number
  /** How long it may take, in milliseconds, where that is longer than the deadline that every action has. */
  readonly timeLimit?: Duration
}
