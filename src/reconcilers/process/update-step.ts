import { isDeepStrictEqual } from 'node:util'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Owned } from '../../core/ownership.ts'
import { veilFields } from '../../core/veil.ts'
import type { ProcessAction } from './action.ts'
import { changeOf, type Difference } from './compare.ts'
import { declaredFields } from './fields.ts'
import type { ObservedProcess } from './observed.ts'
import { outdatedOf, type ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import { processKindOf } from './process-kind.ts'
import { areSourcesSaved } from './saved-sources.ts'
import { act } from './step.ts'

/** Changes what does not run as it is declared; undefined: all does. */
export function updateOf(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): ProcessAction | undefined {
  const outdated = outdatedOf(pair, desired, observed)
  const byPath = new Map<string, Difference>()
  for (const difference of outdated.flatMap(({ differences }) => differences)) {
    if (!byPath.has(difference.path)) byPath.set(difference.path, difference)
  }
  const differences = [...byPath.values()]
  if (differences.length === 0) return undefined
  const touched = outdated.map(({ record }) => record)
  const type = updateTypeOf(desired, touched, differences)
  return act(pair, desired, {
    type,
    verb: 'update',
    summary: updateSummary(type, desired),
    reason: reasonOf(differences, { desired, observed, owned: pair.owned }),
    changes: differences.map(changeOf),
    records: touched,
    isUncontested: areSourcesSaved(outdated, pair),
  })
}

/** A cron job is never restarted to change it: that would run it outside its schedule. */
function updateTypeOf(
  desired: DesiredProcess,
  records: readonly Pm2Record[],
  differences: readonly Difference[],
): 'recreate' | 'restart' | 'reload' {
  if (processKindOf(desired.spec) === 'cron-job') return 'recreate'
  if (differences.some((difference) => difference.means === 'recreate' || readsAsNone(difference))) {
    return 'recreate'
  }
  if (desired.spec.update === 'restart') return 'restart'
  if (differences.some((difference) => difference.means === 'restart')) return 'restart'
  return records.every((record) => record.mode === 'cluster') ? 'reload' : 'restart'
}

/** In a restart PM2 takes what reads `null` (the argument list `[null]` too) for the wish to delete the field. */
function readsAsNone({ path, after }: Difference): boolean {
  return !path.startsWith('env.') && after !== null && String(after) === 'null'
}

function updateSummary(type: 'recreate' | 'restart' | 'reload', desired: DesiredProcess): string {
  if (type === 'reload') return 'reload without a gap'
  if (type === 'restart') return processKindOf(desired.spec) === 'one-shot' ? 'run again' : 'restart'
  return processKindOf(desired.spec) === 'cron-job' ? 'register anew' : 'delete and start anew'
}

function reasonOf(
  differences: readonly Difference[],
  {
    desired,
    observed,
    owned,
  }: {
    readonly desired: DesiredProcess
    readonly observed: ObservedProcess
    readonly owned: Owned | undefined
  },
): string {
  if (differences.every((difference) => difference.path === 'sources')) return 'its sources changed'
  const isHomeless = ({ path, before }: Difference) =>
    path === 'cwd' && observed.goneFolders.some((folder) => folder === before)
  if (differences.every(isHomeless)) return 'its working folder is gone'
  const declared = veilFields(declaredFields(desired), desired.veils)
  const known = veilFields(owned?.fields ?? {}, desired.veils)
  const hasDrifted = differences.some(({ path }) => {
    // An older version kept literals in clear.
    const before = known[path]
    const now = declared[path]
    return before !== undefined && now !== undefined && isDeepStrictEqual(before.value, now.value)
  })
  return hasDrifted ? 'drifted' : 'declared otherwise'
}
