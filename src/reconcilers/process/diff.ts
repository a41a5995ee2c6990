import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { ProcessAction } from './action.ts'
import { conflictAmong } from './claim.ts'
import { wantedInstances } from './instances.ts'
import { isSameFleet, readMark } from './mark.ts'
import type { ObservedProcess } from './observed.ts'
import type { ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import { processKindOf } from './process-kind.ts'
import { heldRollout, reviveOf } from './revive-step.ts'
import { scaleOf, whileReturning } from './scale-step.ts'
import { act } from './step.ts'
import { updateOf } from './update-step.ts'

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
