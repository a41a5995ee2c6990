import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Change } from '../../core/action.ts'
import type { Duration } from '../../core/duration.ts'
import type { ProcessAction, ProcessActionType } from './action.ts'
import { wantedInstances } from './instances.ts'
import { comparisonOf, type ProcessPair } from './outdated.ts'
import { type DesiredProcess, pm2NameOf } from './place.ts'
import { patienceOf } from './rollout.ts'
import { timeLimitOf } from './time-limit.ts'

/** What an action says of itself; the rest follows from the pair. */
export interface Step {
  readonly type: ProcessActionType
  readonly verb: ProcessAction['verb']
  readonly summary: string
  readonly reason: string
  readonly records: readonly Pm2Record[]
  readonly changes?: readonly Change[]
  readonly removes?: number
  readonly isRecovery?: boolean
  readonly isUncontested?: boolean
  /** Given, also as undefined: not held for a missing script. */
  readonly blocked?: ProcessAction['blocked'] | undefined
}

/** Makes an action of a step; what would start something is blocked where there is nothing to start. */
export function act(pair: ProcessPair, desired: DesiredProcess | undefined, step: Step): ProcessAction {
  const missing = desired ? pair.observed?.missing : undefined
  const comparison = desired && comparisonOf(pair, desired)
  const startsNothing = step.type === 'scale-down' || step.type === 'adopt' || 'blocked' in step
  const blocked =
    startsNothing || !missing ? step.blocked : { reason: 'ScriptMissing' as const, message: missing }
  return Object.freeze({
    type: step.type,
    verb: step.verb,
    summary: step.summary,
    reason: step.reason,
    changes: step.changes ?? [],
    repeatable: true,
    removes: step.removes ?? 0,
    isRecovery: step.isRecovery ?? false,
    ...(step.isUncontested && { isUncontested: true }),
    ...(blocked ? { blocked } : {}),
    name: desired ? pm2NameOf(desired) : (pair.owned?.externalName ?? ''),
    desired,
    mark: pair.mark,
    dropped: comparison?.dropped ?? [],
    sourcesHash: pair.observed?.sourcesHash,
    adoptedSources: comparison?.adoptedSources,
    timeLimit: timeLimitOf(desired, step.records, startsOf(pair, desired, step)) + waitsOf(desired, step),
    pmIds: step.records.map((record) => record.pmId),
    pids: step.records.map((record) => record.pid).filter((pid) => pid !== undefined),
  })
}

/** How long an update may wait for its instances, each before the next. */
function waitsOf(desired: DesiredProcess | undefined, { type, records }: Step): Duration {
  const isUpdate = type === 'reload' || type === 'restart' || type === 'recreate'
  return desired && isUpdate ? records.length * patienceOf(desired) : 0
}

/** How many processes a step starts that are not there yet. */
function startsOf(pair: ProcessPair, desired: DesiredProcess | undefined, { type, records }: Step): number {
  if (!desired || (type !== 'start' && type !== 'scale-up')) return 0
  const wanted = wantedInstances(desired, pair.observed?.processors ?? 1, false) ?? 1
  return type === 'start' ? wanted : Math.max(0, wanted - records.length)
}
