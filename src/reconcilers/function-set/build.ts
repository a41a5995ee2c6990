import { type Deploy, unfinishedStates } from '../../clients/netlify/deploy-record.ts'
import type { ResourceId } from '../../core/resource.ts'
import { driftOf } from './drift.ts'
import { differingVariables } from './env.ts'
import type { SiteMemory } from './memory.ts'
import type { ObservedFunctionSet } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'

/** The site's own build that is on its way to what visitors get, among the newest deploys; undefined: there is none. */
export function buildUnderWay(deploys: readonly Deploy[]): Deploy | undefined {
  return deploys.find(
    ({ state, isDraft, isForProduction }) => unfinishedStates.has(state) && !isDraft && isForProduction,
  )
}

/** What a build of ours is called: with the variables that it is to take in, so that it is known again, whoever lost its answer. */
export function titleOfBuild(id: ResourceId, { envGeneration }: Pick<SiteMemory, 'envGeneration'>): string {
  return ['reconciled build of', id, ...(envGeneration === undefined ? [] : [envGeneration])].join(' ')
}

/** Whether what is published was begun with the build that was started for changed variables, or after it. */
export function isEnvBuilt(
  { id, published, memory }: { readonly id: ResourceId } & Pick<ObservedFunctionSet, 'published' | 'memory'>,
  deploys: readonly Deploy[],
): boolean {
  const title = titleOfBuild(id, memory)
  const ours = deploys.find((deploy) => deploy.id === memory.envBuild || deploy.title === title)
  if (!published) return false
  if (ours) return published.id === ours.id || published.createdAt > ours.createdAt
  // Netlify shows no deploy of it, or no more: then any that was published since counts.
  return memory.envBuild !== undefined && published.id !== memory.envSetOn
}

/** Whether the site lacks a function, or variables that only another build takes in. What a source becomes the build knows. */
export function isBuildNeeded(observed: ObservedFunctionSet, desired: DesiredFunctionSet): boolean {
  const isEnvChanged = differingVariables(observed, desired).length > 0
  return isEnvChanged || observed.memory.isEnvPending || driftOf(observed, desired).added.length > 0
}
