import type { Claim } from '../../core/reconciler.ts'

/** A site carries no mark, and what it publishes is taken over as it is: a deploy changes nothing but what is declared. */
export function claimFunctionSet(): Claim {
  return { mark: undefined, isMarkAlive: false, matches: true, differs: [] }
}
