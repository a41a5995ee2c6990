import type { Claim } from '../../core/reconciler.ts'

/** A workflow carries no mark and is always the repository's own: it is taken over as it is, and disabled at most. */
export function claimWorkflow(): Claim {
  return { mark: undefined, isMarkAlive: false, matches: true, differs: [] }
}
