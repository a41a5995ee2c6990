import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { ProcessAction } from './action.ts'
import type { ObservedProcess } from './observed.ts'
import { outdatedOf, type ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import { processKindOf } from './process-kind.ts'
import { ailmentOf, isDown, rolloutOf } from './rollout.ts'
import { act } from './step.ts'

/** Daemons are to run; a job that ended is judged by `assess`, which knows how it ended. */
export function reviveOf(
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

/**
 * In the place of an update that would take down the next instance while one that was updated is down: that one is started
 * again, within its attempts, or waited for where PM2 does that itself. Undefined: it may go on.
 */
export function heldRollout(
  pair: ProcessPair,
  desired: DesiredProcess,
  { observed, update }: { readonly observed: ObservedProcess; readonly update: ProcessAction },
): ProcessAction | undefined {
  const rollout = rolloutOf(desired, observed, outdatedOf(pair, desired, observed))
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
