import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Mark } from '../../core/ownership.ts'
import type { Claim } from '../../core/reconciler.ts'
import { fieldRules } from './fields.ts'
import { isSameFleet, readMark } from './mark.ts'
import type { ObservedProcess } from './observed.ts'
import type { DesiredProcess } from './place.ts'

/** Whose the processes of a name are by their own word, and whether they run what is declared. */
export function claimProcess(desired: DesiredProcess | undefined, observed: ObservedProcess): Claim {
  const mark = observed.records.map((record) => readMark(record.reconciled)).find(Boolean)
  const differs = desired ? essentialDifferences(desired, observed.records) : []
  return {
    mark: mark && {
      fleet: mark.fleet,
      environment: mark.environment,
      store: mark.store,
      id: mark.id,
      origin: mark.origin,
      hash: mark.hash,
    },
    isMarkAlive: mark !== undefined && observed.livingStores.includes(mark.storePath),
    ...(mark && { markedBy: mark.storePath }),
    ...(!desired && observed.records.length === 0 && observed.leftBehind.length > 0 && { isProven: true }),
    matches: desired !== undefined && differs.length === 0,
    differs,
  }
}

/** Script and working folder say what a program is; everything else can be corrected on it. */
function essentialDifferences(desired: DesiredProcess, records: readonly Pm2Record[]): readonly string[] {
  const differs = ['script', 'cwd'].filter((path) => {
    const rule = fieldRules[path]
    const declared = rule?.declared(desired.spec, desired)
    return declared !== undefined && records.some((record) => rule?.observed(record, declared) !== declared)
  })
  const conflict = conflictAmong(records, undefined)
  return conflict === undefined ? differs : [...differs, conflict]
}

/**
 * Why several processes of one name cannot be taken for instances of one program; undefined: they can. PM2 knows a
 * process by its name alone, across namespaces, so acting by guess would hit somebody else's. What all bears our own
 * mark is ours to correct, whatever it runs.
 */
export function conflictAmong(records: readonly Pm2Record[], own: Mark | undefined): string | undefined {
  const isAllOurs =
    own !== undefined &&
    records.every((record) => {
      const mark = readMark(record.reconciled)
      return mark !== undefined && isSameFleet(mark, own)
    })
  if (records.length < 2 || isAllOurs) return undefined
  const owners = new Set(
    records.map((record) => {
      const mark = readMark(record.reconciled)
      return mark ? `${mark.fleet}/${mark.environment}` : undefined
    }),
  )
  owners.delete(undefined)
  if (owners.size > 1) return `${records.length} processes of that name belong to different fleets`
  const list = (of: (record: Pm2Record) => string) =>
    records.map((record) => `${of(record)} (number ${record.pmId})`).join(', ')
  if (new Set(records.map((record) => record.namespace)).size > 1) {
    return `${records.length} processes have that name in different namespaces: ${list((record) => record.namespace)}`
  }
  if (new Set(records.map((record) => record.execPath)).size > 1) {
    return `${records.length} processes have that name and run different programs: ${list((record) => record.execPath ?? 'nothing')}`
  }
  if (new Set(records.map((record) => record.cwd)).size > 1) {
    return `${records.length} processes have that name and run in different folders: ${list((record) => record.cwd ?? 'none')}`
  }
  return undefined
}
