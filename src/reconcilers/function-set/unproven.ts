import type { ObservedFunctionSet } from './observed.ts'
import { type FunctionSetPair, isIgnored, ownerOf } from './pair.ts'
import { isOnlyWatched } from './place.ts'
import type { SiteReading } from './site-reader.ts'
import { type DeployOwner, isOwnTitle } from './title.ts'

/** Whether what is published is ours, and nobody has looked yet whether it holds all that it must. */
export function isUnproven(
  { published, record }: Pick<SiteReading, 'published' | 'record'>,
  owner: DeployOwner,
): boolean {
  // Two deploys that hold the same share a record: the one before is no deploy that follows it.
  const isNext = record?.unproven !== undefined && record.unproven.base !== published?.id
  return published !== undefined && isNext && isOwnTitle(published.title, owner)
}

/** Whether it is ours to look. */
export function isProofDue(pair: FunctionSetPair, observed: ObservedFunctionSet): boolean {
  const { desired } = pair
  if (!desired || isOnlyWatched(desired) || isIgnored(pair, 'directory')) return false
  return isUnproven(observed, ownerOf(pair))
}
