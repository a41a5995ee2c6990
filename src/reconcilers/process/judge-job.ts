import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { act, type ProcessPair } from './diff.ts'
import type { DesiredProcess } from './place.ts'
import { hasEnded, isPhantom } from './run-state.ts'
import type { Verdict } from './verdict.ts'

/** A failed run of a cron job is for a person to see; running it again outside its schedule is nobody's wish. */
export function judgeCronJob(records: readonly Pm2Record[], desired: DesiredProcess): Verdict {
  const schedule = `runs at "${desired.spec.cron}"`
  const failed = records.find((record) => hasEnded(record) && (record.exitCode ?? 0) !== 0)
  if (failed) {
    return {
      status: 'Degraded',
      reason: 'LastRunFailed',
      message: `its last run ended with exit code ${failed.exitCode}; ${schedule}`,
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
export function judgeOneShot(
  pair: ProcessPair,
  desired: DesiredProcess,
  records: readonly Pm2Record[],
): Verdict {
  const phantom = records.filter(isPhantom)
  const failed = records.filter((record) => hasEnded(record) && (record.exitCode ?? 0) !== 0)
  if (phantom.length > 0 || failed.length > 0) {
    const message =
      phantom.length > 0 ? 'could not be started' : `ended with exit code ${failed[0]?.exitCode ?? 'unknown'}`
    return {
      status: 'Degraded',
      reason: phantom.length > 0 ? 'NoProcess' : 'Failed',
      message,
      remedy: act(pair, desired, {
        type: 'revive',
        verb: 'run',
        summary: 'run again',
        reason: message,
        records: [...phantom, ...failed],
        isRecovery: true,
      }),
    }
  }
  if (records.some((record) => !hasEnded(record))) {
    return { status: 'Progressing', reason: 'Running', message: 'running', recheckAfter: 1000 }
  }
  return { status: 'Healthy', reason: 'Completed', message: 'has run and ended with exit code 0' }
}
