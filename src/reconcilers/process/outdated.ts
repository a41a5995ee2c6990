import type { Owned } from '../../core/ownership.ts'
import type { Pair } from '../../core/reconciler.ts'
import { type Comparison, compareRecord, droppedFields } from './compare.ts'
import { declaredFields } from './fields.ts'
import { isSameFleet, readMark } from './mark.ts'
import type { ObservedProcess } from './observed.ts'
import type { DesiredProcess } from './place.ts'
import type { Outdated } from './saved-sources.ts'
import type { ProcessSpec } from './spec.generated.ts'

/** What was declared, seen and owned of one process. */
export type ProcessPair = Pair<ProcessSpec, ObservedProcess>

/** What `compareRecord` needs to know of a pair. */
export function comparisonOf(pair: ProcessPair, desired: DesiredProcess): Comparison {
  const { owned, observed, mark } = pair
  const marked = (observed?.records ?? [])
    .map((record) => readMark(record.reconciled))
    .filter((found) => found !== undefined && isSameFleet(found, mark))
    .flatMap((found) => found?.fields ?? [])
  const adopted = owned?.memory.sources
  return {
    desired,
    dropped: droppedFields(declaredFields(desired), owned, marked),
    sourcesHash: observed?.sourcesHash,
    adoptedSources: typeof adopted === 'string' ? adopted : undefined,
    home: observed?.home ?? '',
    watchIgnore: observed?.watchIgnore,
    base: observed?.base ?? {},
    secretPaths: secretPathsOf(owned),
    isGone: (folder) => observed?.goneFolders.includes(folder) ?? false,
  }
}

function secretPathsOf(owned: Owned | undefined): readonly string[] {
  return Object.entries(owned?.fields ?? {})
    .filter(([, field]) => field.sensitive)
    .map(([path]) => path)
}

/** What differs is asked for to correct it, and once more to judge. */
const known = new WeakMap<ProcessPair, readonly Outdated[]>()

/** What does not run as it is declared. */
export function outdatedOf(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): readonly Outdated[] {
  const outdated = known.get(pair) ?? compareAll(pair, desired, observed)
  known.set(pair, outdated)
  return outdated
}

function compareAll(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): readonly Outdated[] {
  const comparison = comparisonOf(pair, desired)
  return observed.records
    .map((record) => ({ record, differences: compareRecord(comparison, record) }))
    .filter(({ differences }) => differences.length > 0)
}
