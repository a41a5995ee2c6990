import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { History } from '../../core/reconciler.ts'
import type { ObservedProcess } from './observed.ts'
import type { ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import { hasEnded, isPhantom } from './run-state.ts'
import { act } from './step.ts'
import type { Verdict } from './verdict.ts'

/** A failed run of a cron job is for a person to see; running it again outside its schedule is nobody's wish. */
export function judgeCronJob(observed: ObservedProcess, desired: DesiredProcess, history: History): Verdict {
  const { records } = observed
  const schedule = `runs at "${desired.spec.cron}"`
  const failure = failuresOf(observed)[0]
  if (failure) {
    return {
      status: 'Degraded',
      reason: 'LastRunFailed',
      message: `its last run ${failure.how}; ${schedule}`,
    }
  }
  if (records.some(isPhantom)) {
    return {
      status: 'Degraded',
      reason: 'NoProcess',
      message: `its last run could not be started; ${schedule}`,
    }
  }
  if (records.some((record) => !isOver(record, observed))) {
    const cuts = countCuts(records, history)
    const settlesIn = observed.settling.get(records[0]?.pmId ?? -1)
    const recheck = settlesIn === undefined ? {} : { recheckAfter: settlesIn }
    if (cuts > 0) {
      return {
        status: 'Degraded',
        reason: 'RunCutOff',
        message: `it was restarted ${cuts === 1 ? 'once' : `${cuts} times`} before it had ended, as PM2 does with what still runs at its next time; ${schedule}`,
        ...recheck,
      }
    }
    return { status: 'Healthy', reason: 'Running', message: `running now; ${schedule}`, ...recheck }
  }
  if (records.every((record) => record.exitCode === undefined)) {
    return { status: 'Healthy', reason: 'Registered', message: `registered, not run yet; ${schedule}` }
  }
  return {
    status: 'Healthy',
    reason: 'LastRunSucceeded',
    message: `its last run ended with exit code 0; ${schedule}`,
  }
}

/**
 * How often it was restarted since it was last seen at rest: PM2 ends what still runs when its cron fires, and counts that,
 * and only that, as a restart of a job.
 */
function countCuts(records: readonly Pm2Record[], { samples }: History): number {
  // What runs has an uptime. So has none what is being cut off right now: its restarts have risen since it was seen before.
  const atRest = samples.findLastIndex(
    ({ values }, index) =>
      values.uptimeMs === undefined &&
      (samples[index - 1]?.values.restarts ?? values.restarts) === values.restarts,
  )
  const restarts = records.reduce((total, record) => total + record.restartTime, 0)
  const before = samples[Math.max(0, atRest)]?.values.restarts ?? restarts
  return Math.max(0, restarts - before)
}

/** A one-shot that failed is run again, within `recovery`. */
export function judgeOneShot(pair: ProcessPair, desired: DesiredProcess, observed: ObservedProcess): Verdict {
  const { records } = observed
  const phantom = records.filter(isPhantom)
  const failed = failuresOf(observed)
  if (phantom.length > 0 || failed.length > 0) {
    const message = phantom.length > 0 ? 'could not be started' : (failed[0]?.how ?? 'failed')
    return {
      status: 'Degraded',
      reason: phantom.length > 0 ? 'NoProcess' : 'Failed',
      message,
      remedy: act(pair, desired, {
        type: 'revive',
        verb: 'run',
        summary: 'run again',
        reason: message,
        records: [...phantom, ...failed.map(({ record }) => record)],
        isRecovery: true,
      }),
    }
  }
  if (records.some((record) => !isOver(record, observed))) {
    return { status: 'Progressing', reason: 'Running', message: 'running', recheckAfter: 1000 }
  }
  return { status: 'Healthy', reason: 'Completed', message: 'has run and ended with exit code 0' }
}

/** Its run has ended, and PM2 is not about to begin the next for which it stopped this one. */
function isOver(record: Pm2Record, { endings, settling }: ObservedProcess): boolean {
  return hasEnded(record) && !(settling.has(record.pmId) && endings.get(record.pmId)?.type === 'stopped')
}

interface Failure {
  readonly record: Pm2Record
  /** As a predicate. */
  readonly how: string
}

/** Exit code 0 is no success where PM2's log says that a signal ended it: PM2 keeps the same code of both. */
function failuresOf(observed: ObservedProcess): readonly Failure[] {
  const over = observed.records.filter((record) => isOver(record, observed))
  return over.flatMap((record): Failure[] => {
    const ending = observed.endings.get(record.pmId)
    if ((record.exitCode ?? 0) !== 0) return [{ record, how: `ended with exit code ${record.exitCode}` }]
    if (ending?.type === 'killed') return [{ record, how: `was ended by ${ending.signal}` }]
    if (ending?.type === 'stopped') return [{ record, how: 'was stopped before it had ended by itself' }]
    return []
  })
}
