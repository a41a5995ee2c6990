import type { Action } from '../../core/action.ts'
import type { Pair } from '../../core/reconciler.ts'
import type { FunctionSetAction } from './action.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { siteOf } from './place.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import type { DeployOwner } from './title.ts'

export type FunctionSetPair = Pair<FunctionSetSpec, ObservedFunctionSet>

/** Milliseconds that a deploy may take: a hundred bundles, a hundred uploads and Netlify's own processing. */
const deployTimeLimit = 1_200_000

type ActionParts = Pick<FunctionSetAction, 'type' | 'verb' | 'summary' | 'reason'> &
  Partial<Pick<FunctionSetAction, 'dropped' | 'variables' | 'why'>> &
  Partial<
    Pick<Action, 'changes' | 'repeatable' | 'removes' | 'isRecovery' | 'isUncontested' | 'blocked' | 'calls'>
  >

/** An action with what all of them have. */
export function actionOf(pair: FunctionSetPair, parts: ActionParts): FunctionSetAction {
  const { desired, observed } = pair
  return Object.freeze({
    changes: [],
    // A deploy is found again by its title, and nothing is sent for what is there already.
    repeatable: true,
    removes: 0,
    isRecovery: false,
    site: observed?.site.id ?? (desired ? siteOf(desired) : (pair.owned?.externalName ?? '')),
    owner: ownerOf(pair),
    isOwned: pair.owned !== undefined,
    publishedId: observed?.published?.id,
    desired,
    dropped: [],
    why: undefined,
    variables: [],
    ...((parts.type === 'deploy' || parts.type === 'build') && { timeLimit: deployTimeLimit }),
    ...parts,
  })
}

/** Whose deploys of it are. */
export function ownerOf({ id, mark: { fleet, environment, store } }: FunctionSetPair): DeployOwner {
  return { id, fleet, environment, store }
}

/** Whether the manifest says to leave this field alone. */
export function isIgnored(pair: FunctionSetPair, field: string): boolean {
  return pair.desired?.controls.ignore.includes(`/${field}`) ?? false
}
