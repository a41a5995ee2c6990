import type { ConnectContext, Reconciler } from '../../core/reconciler.ts'
import type { ScriptSetAction } from './action.ts'
import { assessScriptSet } from './assess.ts'
import { claimPackage } from './claim.ts'
import { diffScriptSet } from './diff.ts'
import { declaredFields } from './fields.ts'
import type { ObservedScripts } from './observed.ts'
import { packagePathOf } from './place.ts'
import type { ScriptSetSpec } from './spec.generated.ts'
import { validateScriptSet } from './validate.ts'

/** `kind: ScriptSet`: the npm scripts of a package. Light: what resolves and runs is loaded by `connect` alone. */
export const reconciler: Reconciler<ScriptSetSpec, ObservedScripts, ScriptSetAction> = Object.freeze({
  kind: 'ScriptSet',
  identity: 'named' as const,
  defaultInterval: 300_000,
  // A check may keep the machine busy; what is restored meanwhile does not wait for it.
  defaultConcurrency: 2,
  deletionDefault: Object.freeze({ created: 'Orphan' as const, adopted: 'Orphan' as const }),
  canBeFallback: false,
  leavesMark: false,
  externalName: packagePathOf,
  validate: validateScriptSet,
  fields: declaredFields,
  claim: claimPackage,
  diff: diffScriptSet,
  assess: assessScriptSet,
  connect: async (context: ConnectContext) => (await import('./connection.ts')).connectScripts(context),
})
