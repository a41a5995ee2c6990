import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { act, type ProcessPair } from './diff.ts'
import type { ObservedProcess } from './observed.ts'
import type { DesiredProcess } from './place.ts'
import { hasEnded, isPhantom } from './run-state.ts'
import type { Verdict } from './verdict.ts'

/** A failed run of a cron job is for a person to see; running it again outside its schedule is nobody's wish. */
export function judgeCronJob(observed: ObservedProcess, desired: DesiredProcess): Verdict {
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
  if (records.some((record) => !hasEnded(record))) {
    return { status: 'Healthy', reason: 'Running', message: `running now; ${schedule}` }
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
  if (records.some((record) => !hasEnded(record))) {
    return { status: 'Progressing', reason: 'Running', message: 'running', recheckAfter: 1000 }
  }
  return { status: 'Healthy', reason: 'Completed', message: 'has run and ended with exit code 0' }
}

interface Failure {
  readonly record: Pm2Record
  /** As a predicate. */
  readonly how: string
}

/** Exit code 0 is no success where PM2's log says that a signal ended it: PM2 keeps the same code of both. */
function failuresOf({ records, endings }: ObservedProcess): readonly Failure[] {
  return records.filter(hasEnded).flatMap((record): Failure[] => {
    const ending = endings.get(record.pmId)
    if ((record.exitCode ?? 0) !== 0) return [{ record, how: `ended with exit code ${record.exitCode}` }]
    if (ending?.type === 'killed') return [{ record, how: `was ended by ${ending.signal}` }]
    if (ending?.type === 'stopped') return [{ record, how: 'was stopped before it had ended by itself' }]
    return []
  })
}
