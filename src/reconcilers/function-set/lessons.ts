import type { Memories, SiteMemory } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { type DesiredFunctionSet, isOnlyWatched } from './place.ts'
import { publishedFunctions } from './site-functions.ts'
import { type DeployOwner, isOfStore, isOwnTitle, parseTitle } from './title.ts'

/** Functions that are ours: those that were, and those that are on the site as the directory has them. */
export function adoptedBy(observed: ObservedFunctionSet, desired: DesiredFunctionSet): readonly string[] {
  const { managed, source } = observed
  if (isOnlyWatched(desired)) return managed
  const site = publishedFunctions(observed)
  const same = source.functions.filter(
    ({ name, bundle }) => bundle !== undefined && site.get(name)?.digest === bundle.digest,
  )
  const names = same.map(({ name }) => name).filter((name) => !managed.includes(name))
  return names.length === 0 ? managed : [...managed, ...names].sort()
}

/**
 * What a reading tells for later: a deploy that passes may be gone back to, variables may be in it already, and what is
 * as declared is ours from then on, whoever put it there.
 */
export async function learnFrom(
  observed: ObservedFunctionSet,
  desired: DesiredFunctionSet,
  { memories, owner }: { readonly memories: Memories; readonly owner: DeployOwner },
): Promise<SiteMemory> {
  const { site, published, verified, memory, managed } = observed
  const isTaken = managed.some((name) => !memory.managed.includes(name)) && !isOnlyWatched(desired)
  if (!published) return memory
  const isOurs = isOwnTitle(published.title, owner)
  const isGood = verified.length > 0 && verified.every(({ isPassed }) => isPassed)
  // What we published of this source passes now, so it is not what was taken back.
  const isAnew = isOurs && memory.rolledBack?.to !== published.id
  // The answer to the deploy that followed them was lost.
  const isOurAnswer = isOurs && parseTitle(published.title)?.env === memory.envGeneration
  // We make no deploy then: the next one of anybody has them.
  const isLeftToOthers = desired.controls.ignore.includes('/directory') && published.id !== memory.envSetOn
  const isEnvThere = memory.isEnvPending && (isOurAnswer || isLeftToOthers)
  // It was published again, by whomever, and has the variables of when it was made.
  const isOlderThanEnv =
    isOfStore(published.title, owner) && memory.envGeneration !== undefined && !isOurAnswer
  return memories.keepSite(site.id, {
    ...(isTaken && { owner: desired.id, managed }),
    ...(isGood && { lastGood: published.id }),
    ...(isGood && isAnew && { rolledBack: undefined }),
    ...(isEnvThere && { isEnvPending: false }),
    ...(isOlderThanEnv && { isEnvPending: true }),
  })
}
