import type { ConnectContext, Reconciler } from '../../core/reconciler.ts'
import type { FunctionSetAction } from './action.ts'
import { assessFunctionSet } from './assess.ts'
import { claimFunctionSet } from './claim.ts'
import { diffFunctionSet } from './diff.ts'
import { declaredFields } from './fields.ts'
import type { ObservedFunctionSet } from './observed.ts'
import { siteOf } from './place.ts'
import type { FunctionSetSpec } from './spec.generated.ts'
import { validateFunctionSet } from './validate.ts'

/** `kind: FunctionSet`: the Netlify functions of a site. Light: client and bundler are loaded by `connect` alone. */
export const reconciler: Reconciler<FunctionSetSpec, ObservedFunctionSet, FunctionSetAction> = Object.freeze({
  kind: 'FunctionSet',
  // The site is named; a deploy is found again by the title that we give it.
  identity: 'named' as const,
  defaultInterval: 600_000,
  // Each deploy has uploads of its own that run together, and Netlify takes few deploys a minute.
  defaultConcurrency: 2,
  deletionDefault: Object.freeze({ created: 'Orphan' as const, adopted: 'Orphan' as const }),
  canBeFallback: false,
  leavesMark: false,
  externalName: siteOf,
  validate: validateFunctionSet,
  fields: declaredFields,
  claim: claimFunctionSet,
  diff: diffFunctionSet,
  assess: assessFunctionSet,
  connect: async (context: ConnectContext) => (await import('./connection.ts')).connectFunctionSets(context),
})
