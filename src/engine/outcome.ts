import type { Action } from '../core/action.ts'
import type { NextActor } from '../core/errors.ts'
import type { ResourceId } from '../core/resource.ts'

/** What became of one action. */
export interface Outcome {
  readonly id: ResourceId
  /** The journalled intent, which the record of this outcome closes; undefined: nothing was sent. */
  readonly intentId: string | undefined
  readonly action: Action
  /** `unknown`: it was sent and its answer was lost. `superseded`: the world had changed, nothing was sent. */
  readonly result: 'succeeded' | 'failed' | 'unknown' | 'superseded'
  readonly message: string | undefined
  /** Of the error, where it failed by one of the catalogue. */
  readonly code?: string | undefined
  /** Its failure is that of its whole domain, and told of that. */
  readonly isToldByDomain?: boolean
  /** Who acts next, where it failed. */
  readonly next: NextActor | undefined
  /** Whether it used up an attempt where it failed; default: true. */
  readonly isAttempt?: boolean
  /** Epoch milliseconds at which its intent was written. */
  readonly begunAt: number
  /** Epoch milliseconds of its end. */
  readonly at: number
}
