import type { Precondition } from '../core/store.ts'

/**
 * What a write of an actor must carry: that its lease was not taken by another since. The store checks it in the
 * same transaction, so that a paused process which wakes up late writes nothing.
 */
export interface Fence {
  /** Throws `LeaseLost` where our own clock already says that the lease ended. */
  guard(): Precondition
}
