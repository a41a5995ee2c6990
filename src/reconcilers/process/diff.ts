import { isDeepStrictEqual } from 'node:util'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Change } from '../../core/action.ts'
import type { Duration } from '../../core/duration.ts'
import type { Owned } from '../../core/ownership.ts'
import type { Pair } from '../../core/reconciler.ts'
import { veilFields } from '../../core/veil.ts'
import type { ProcessAction, ProcessActionType } from './action.ts'
import { conflictAmong } from './claim.ts'
import {
  type Comparison,
  changeOf,
  compareRecord,
  type Difference,
  droppedFields,
  isIgnored,
} from './compare.ts'
import { doublesOf } from './doubles.ts'
import { declaredFields } from './fields.ts'
import { isSameFleet, readMark } from './mark.ts'
import type { ObservedProcess } from './observed.ts'
import { type DesiredProcess, pm2NameOf } from './place.ts'
import { processKindOf } from './process-kind.ts'
import { ailmentOf, isDown, patienceOf, rolloutOf } from './rollout.ts'
import { areSourcesSaved, type Outdated } from './saved-sources.ts'
import type { ProcessSpec } from './spec.generated.ts'
import { timeLimitOf } from './time-limit.ts'

export type ProcessPair = Pair<ProcessSpec, ObservedProcess>

/** What must be done so that what runs is what is declared. Empty: nothing. */
export function diffProcess(pair: ProcessPair): readonly ProcessAction[] {
  const { desired, observed } = pair
  if (!desired) return diffRemoved(pair)
  const records = observed?.records ?? []
  const conflict = conflictAmong(records, pair.mark)
  if (conflict) return [resolve(pair, desired, conflict)]
  const left = observed?.leftBehind ?? []
  if (pair.posture === 'standby') {
    return records.length + left.length === 0 ? [] : [standDown(pair, desired, records)]
  }
  if (!observed || records.length === 0) return hasCompleted(pair) ? [] : [start(pair, desired)]
  return diffPresent(pair, desired, observed)
}

function diffPresent(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): readonly ProcessAction[] {
  const update = updateOf(pair, desired, observed)
  const scale = scaleOf(pair, desired, observed)
  const heal = update ? undefined : reviveOf(pair, desired, observed)
  const change = update && (heldRollout(pair, desired, { observed, update }) ?? update)
  // What is to go is not restarted before.
  const order = scale?.type === 'scale-down' ? [scale, change, heal] : [change, scale, heal]
  if (observed.leftBehind.length > 0) order.unshift(endLost(pair, desired, observed.leftBehind))
  const actions = order.filter((action) => action !== undefined)
  if (actions.length > 0 || pair.owned) return actions
  return [
    act(pair, desired, {
      type: 'adopt',
      verb: 'update',
      summary: 'adopt without a restart',
      reason: 'it already runs as declared',
      records: observed.records,
    }),
  ]
}

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
    storePath: observed?.storePath ?? '',
    base: observed?.base ?? {},
    secretPaths: secretPathsOf(owned),
  }
}

function secretPathsOf(owned: Owned | undefined): readonly string[] {
  return Object.entries(owned?.fields ?? {})
    .filter(([, field]) => field.sensitive)
    .map(([path]) => path)
}

function updateOf(
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
    reason: reasonOf(differences, desired, pair.owned),
    changes: differences.map(changeOf),
    records: touched,
    isUncontested: areSourcesSaved(outdated, pair),
  })
}

/**
 * In the place of an update that would take down the next instance while one that was updated is down: that one is started
 * again, within its attempts, or waited for where PM2 does that itself. Undefined: it may go on.
 */
function heldRollout(
  pair: ProcessPair,
  desired: DesiredProcess,
  { observed, update }: { readonly observed: ObservedProcess; readonly update: ProcessAction },
): ProcessAction | undefined {
  const outdated = new Set(outdatedOf(pair, desired, observed).map(({ record }) => record))
  const rollout = rolloutOf(desired, observed, outdated)
  if (!rollout) return undefined
  const { waiting, restarting } = rollout
  const rest = `${waiting.length} ${waiting.length === 1 ? 'instance that was not updated waits' : 'instances that were not updated wait'}`
  if (rollout.down.length === 0) {
    if (restarting.length === 0) return undefined
    const message = `${rest} until PM2 has started again what was updated`
    return Object.freeze({ ...update, blocked: { reason: 'RolloutStuck' as const, message } })
  }
  // Those that were not updated and ended by themselves serve as they are, if they can.
  const others = observed.records.filter((record) => !rollout.down.includes(record))
  const down = [...rollout.down, ...others.filter((record) => isDown(record, desired, observed))]
  return act(pair, desired, {
    type: 'revive',
    verb: 'update',
    summary: `start again, ${down.length} of ${observed.records.length} instances; ${rest} for that`,
    reason: statesOf(down, observed.deaf),
    changes: update.changes,
    records: down,
    isRecovery: true,
  })
}

function statesOf(down: readonly Pm2Record[], deaf: ReadonlySet<number>): string {
  return [...new Set(down.map((record) => ailmentOf(record, deaf)))].join(', ')
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
  desired: DesiredProcess,
  owned: Owned | undefined,
): string {
  if (differences.every((difference) => difference.path === 'sources')) return 'its sources changed'
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

function scaleOf(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): ProcessAction | undefined {
  const isDropped = comparisonOf(pair, desired).dropped.includes('instances')
  const wanted = wantedInstances(desired, observed.processors, isDropped)
  const { records } = observed
  if (isIgnored('instances', desired.controls.ignore)) return undefined
  if (wanted === undefined) return endDoubles(pair, desired, observed)
  if (wanted === records.length) return undefined
  const count = Math.abs(wanted - records.length)
  const isUp = wanted > records.length
  return act(pair, desired, {
    type: isUp ? 'scale-up' : 'scale-down',
    verb: 'update',
    summary: `${isUp ? 'start' : 'stop'} ${count} ${count === 1 ? 'instance' : 'instances'}`,
    reason: 'the number of instances differs',
    changes: [{ path: 'instances', before: records.length, after: wanted, sensitive: false }],
    records,
    ...(isUp ? whileReturning(observed) : {}),
  })
}

/** Nobody declares how many there are, so that one is meant, and copies that a person makes of it stay. */
function endDoubles(
  pair: ProcessPair,
  desired: DesiredProcess,
  { records }: ObservedProcess,
): ProcessAction | undefined {
  const doubles = doublesOf(records, pair.mark)
  if (doubles.length === 0) return undefined
  const after = records.length - doubles.length
  return act(pair, desired, {
    type: 'scale-down',
    verb: 'update',
    summary: `stop ${doubles.length} ${doubles.length === 1 ? 'copy' : 'copies'}`,
    reason: 'PM2 brought it back beside the one that was started',
    changes: [{ path: 'instances', before: records.length, after, sensitive: false }],
    records,
  })
}

/** What PM2 is about to bring back must not be started beside it. */
function whileReturning(observed: ObservedProcess | undefined): Pick<Step, 'blocked'> {
  if (observed?.returningUntil === undefined) return {}
  const message = 'PM2 brings back what it had saved; what does not come is started'
  return { blocked: { reason: 'Returning', message, until: observed.returningUntil } }
}

/** How many there should be; undefined: nobody says. */
export function wantedInstances(
  desired: DesiredProcess,
  processors: number,
  isDropped: boolean,
): number | undefined {
  const { instances } = desired.spec
  if (instances === 'max') return processors
  return instances ?? (isDropped ? 1 : undefined)
}

/** Daemons are to run; a job that ended is judged by `assess`, which knows how it ended. */
function reviveOf(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): ProcessAction | undefined {
  const { records } = observed
  if (processKindOf(desired.spec) !== 'daemon') return undefined
  const down = records.filter((record) => isDown(record, desired, observed))
  if (down.length === 0) return undefined
  const part = down.length === records.length ? '' : `, ${down.length} of ${records.length} instances`
  return act(pair, desired, {
    type: 'revive',
    verb: 'run',
    summary: `start again${part}`,
    reason: statesOf(down, new Set()),
    records: down,
    isRecovery: true,
  })
}

/** Whether a one-shot of this very spec and sources has completed earlier: then it is done, though nothing of it is left. */
export function hasCompleted({ desired, observed, owned, mark }: ProcessPair): boolean {
  if (!desired || processKindOf(desired.spec) !== 'one-shot') return false
  // An older version did not say of which sources.
  const { completedHash, completedSources = observed?.sourcesHash } = owned?.memory ?? {}
  return completedHash === mark.hash && completedSources === observed?.sourcesHash
}

function start(pair: ProcessPair, desired: DesiredProcess): ProcessAction {
  const { spec } = desired
  const count = wantedInstances(desired, pair.observed?.processors ?? 1, false) ?? 1
  const instances = `${count} ${count === 1 ? 'instance' : 'instances'}`
  const kind = processKindOf(spec)
  const left = pair.observed?.leftBehind ?? []
  return act(pair, desired, {
    type: 'start',
    verb: 'create',
    summary:
      kind === 'cron-job'
        ? `register ${spec.script}, to run at "${spec.cron}"`
        : kind === 'one-shot'
          ? `run ${spec.script} once`
          : `start ${spec.script}, ${instances}`,
    reason:
      left.length > 0
        ? `not in PM2; what runs without it is ended first (pid ${left.join(', ')})`
        : 'not running',
    records: [],
    ...whileReturning(pair.observed),
  })
}

function endLost(pair: ProcessPair, desired: DesiredProcess, pids: readonly number[]): ProcessAction {
  return act(pair, desired, {
    type: 'end-lost',
    verb: 'run',
    summary: `end what PM2 lost track of (pid ${pids.join(', ')})`,
    reason: 'it runs beside what PM2 lists',
    records: [],
    blocked: undefined,
  })
}

function standDown(pair: ProcessPair, desired: DesiredProcess, records: readonly Pm2Record[]): ProcessAction {
  return act(pair, desired, {
    type: 'stand-down',
    verb: 'run',
    summary: 'stop',
    reason: 'it stands by again',
    records,
    blocked: undefined,
  })
}

/** A person must say what is meant: nothing is guessed between two programs of one name. */
function resolve(pair: ProcessPair, desired: DesiredProcess | undefined, conflict: string): ProcessAction {
  return act(pair, desired, {
    type: 'resolve',
    verb: 'update',
    summary: 'choose which is meant',
    reason: conflict,
    records: pair.observed?.records ?? [],
    blocked: {
      reason: 'Conflict',
      message: `${conflict}; rename or delete what is not meant, by its number`,
    },
  })
}

/** What bears our mark; of what was adopted, what bears no mark at all. */
function diffRemoved(pair: ProcessPair): readonly ProcessAction[] {
  const records = pair.observed?.records ?? []
  const marked = records.filter((record) => readMark(record.reconciled) !== undefined)
  const ours = marked.filter((record) => {
    const mark = readMark(record.reconciled)
    return mark !== undefined && isSameFleet(mark, pair.mark)
  })
  const targets = ours.length > 0 ? ours : records.filter((record) => !marked.includes(record))
  const left = records.length === 0 ? (pair.observed?.leftBehind ?? []) : []
  if (targets.length + left.length === 0) return []
  const conflict = ours.length > 0 ? undefined : conflictAmong(targets, undefined)
  if (conflict) return [resolve(pair, undefined, conflict)]
  const origin = pair.owned?.origin ?? pair.mark.origin
  return [
    act(pair, undefined, {
      type: 'delete',
      verb: 'delete',
      summary: `no longer declared, ${origin} by this fleet`,
      reason:
        left.length > 0
          ? `no longer declared; it runs and PM2 does not know it (pid ${left.join(', ')})`
          : 'no longer declared',
      records: targets,
      // One thing that is declared is one thing that goes, however many instances it has.
      removes: 1,
    }),
  ]
}

interface Step {
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
