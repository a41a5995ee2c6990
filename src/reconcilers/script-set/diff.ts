import type { Change } from '../../core/action.ts'
import type { Pair } from '../../core/reconciler.ts'
import type { RestoreAction, ScriptSetAction } from './action.ts'
import { isIgnored } from './fields.ts'
import type { ObservedScripts } from './observed.ts'
import { type DesiredScriptSet, packagePathOf } from './place.ts'
import type { ScriptSetSpec } from './spec.generated.ts'

export type ScriptSetPair = Pair<ScriptSetSpec, ObservedScripts>

/** Declared scripts that read otherwise in package.json. What is no longer declared is left as it is. */
export function diffScriptSet({ desired, observed }: ScriptSetPair): readonly ScriptSetAction[] {
  if (!desired) return []
  const differing = Object.entries(desired.spec.scripts ?? {}).filter(
    ([name, text]) => observed?.scripts.get(name) !== text && !isIgnored(desired, name),
  )
  return differing.length === 0 ? [] : [restore(desired, observed, differing)]
}

function restore(
  desired: DesiredScriptSet,
  observed: ObservedScripts | undefined,
  differing: readonly (readonly [string, string])[],
): RestoreAction {
  const path = packagePathOf(desired)
  const names = differing.map(([name]) => name)
  const changes = differing.map(([name, after]): Change => {
    const before = observed?.scripts.get(name)
    return { path: `scripts.${name}`, ...(before !== undefined && { before }), after, sensitive: false }
  })
  const obstacle = observed ? observed.locked : 'it does not exist'
  return {
    type: 'restore',
    verb: 'update',
    summary: `restore ${names.length === 1 ? `the script ${names[0]}` : `${names.length} scripts`} in ${desired.spec.package}`,
    reason: observed && names.some((name) => observed.scripts.has(name)) ? 'drifted' : 'missing',
    changes,
    repeatable: true,
    removes: 0,
    isRecovery: false,
    path,
    realPath: observed?.realPath ?? path,
    hash: observed?.hash ?? '',
    texts: new Map(differing),
    ...(obstacle !== undefined && {
      blocked: {
        reason: observed ? ('NotAllowed' as const) : ('ScriptMissing' as const),
        message: `${path} is not edited: ${obstacle}`,
      },
    }),
  }
}
