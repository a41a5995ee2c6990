import type { Claim } from '../../core/reconciler.ts'

/**
 * A package bears no mark, and its path is what it is: the texts of its scripts are corrected on it, as the
 * environment of a process is.
 */
export function claimPackage(): Claim {
  return { mark: undefined, isMarkAlive: false, matches: true, differs: [] }
}
