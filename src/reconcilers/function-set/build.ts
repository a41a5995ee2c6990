import { type Deploy, unfinishedStates } from '../../clients/netlify/deploy-record.ts'
import { driftOf } from './drift.ts'
import type { ObservedFunctionSet } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'

/** The site's own build that is on its way to what visitors get, among the newest deploys; undefined: there is none. */
export function buildUnderWay(deploys: readonly Deploy[]): Deploy | undefined {
  return deploys.find(
    ({ state, isDraft, isForProduction }) => unfinishedStates.has(state) && !isDraft && isForProduction,
  )
}

/** Whether the site lacks a function, or variables that only another build takes in. What a source becomes the build knows. */
export function isBuildNeeded(observed: ObservedFunctionSet, desired: DesiredFunctionSet): boolean {
  const isEnvChanged = observed.env.some(({ state }) => state !== 'same' && state !== 'unread')
  return isEnvChanged || observed.memory.isEnvPending || driftOf(observed, desired).added.length > 0
}
