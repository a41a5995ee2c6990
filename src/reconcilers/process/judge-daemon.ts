import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { type Duration, formatDuration, parseDuration } from '../../core/duration.ts'
import type { History } from '../../core/reconciler.ts'
import type { ProcessAction } from './action.ts'
import { findCrashLoop } from './crash-loop.ts'
import { wantedInstances } from './instances.ts'
import { judgeRollout } from './judge-rollout.ts'
import { readMark } from './mark.ts'
import type { ObservedProcess } from './observed.ts'
import type { ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import {
  askedAtOf,
  endedAsAllowed,
  hasEnded,
  isPhantom,
  isRunning,
  minUptimeOf,
  onlineText,
  uptimeOf,
} from './run-state.ts'
import { act } from './step.ts'
import { exitText, type Verdict, withCount, worstOf } from './verdict.ts'

const defaultStartPeriod: Duration = 10_000
const defaultFailureThreshold = 3
/** How long PM2 may take to notice that a process ended; it hears of it within milliseconds. */
const exitLag: Duration = 5_000

/** Its instances, then what only shows over time, then its probe: a probe says nothing of a process that is not there. */
export function judgeDaemon(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
  history: History,
): Verdict {
  const { records } = observed
  const minUptime = minUptimeOf(desired.spec)
  const verdicts = records.map((record) => judgeInstance(record, desired, observed, minUptime, history.now))
  const worst = worstOf(verdicts)
  const stuck = judgeRollout(pair, desired, observed)
  if (stuck) return stuck
  if (worst.status === 'Degraded') return withCount(worst, verdicts)
  const loop = judgeLoop(pair, desired, records, history)
  if (loop?.status === 'Degraded') return loop
  if (worst.status !== 'Healthy') return withCount(worst, verdicts)
  return judgeCount(desired, observed) ?? judgeProbe(pair, desired, observed, history) ?? loop ?? worst
}

function judgeInstance(
  record: Pm2Record,
  desired: DesiredProcess,
  observed: ObservedProcess,
  minUptime: Duration,
  now: number,
): Verdict {
  if (isPhantom(record)) {
    const why = observed.missing ? `: ${observed.missing}` : ', and PM2 does not notice'
    return {
      status: 'Degraded',
      reason: 'NoProcess',
      message: `PM2 says online, but no process was ever started${why}`,
    }
  }
  if (endedAsAllowed(record, desired.spec.stopExitCodes, observed.endings)) {
    return {
      status: 'Healthy',
      reason: 'Ended',
      message: `ended with exit code ${record.exitCode}, as stopExitCodes allows`,
    }
  }
  const settlesIn = observed.settling.get(record.pmId)
  if (settlesIn !== undefined) {
    const message = 'has just stopped; it may be in the middle of a restart'
    return { status: 'Progressing', reason: 'Restarting', message, recheckAfter: settlesIn }
  }
  if (hasEnded(record)) return judgeEnded(record, observed)
  if (!isRunning(record)) {
    const message =
      record.status === 'waiting restart'
        ? `ended${exitText(record)}; PM2 waits before it starts it again`
        : `PM2 says ${record.status}`
    return { status: 'Progressing', reason: 'Restarting', message, recheckAfter: 1000 }
  }
  const uptime = uptimeOf(record, now)
  if (record.pid !== undefined && !observed.livePids.includes(record.pid)) {
    const isNew = uptime < exitLag
    return {
      status: isNew ? 'Progressing' : 'Degraded',
      reason: 'NoProcess',
      message: `PM2 says online, but its process ${record.pid} does not exist`,
      ...(isNew ? { recheckAfter: exitLag - uptime } : {}),
    }
  }
  if (record.status === 'launching') {
    return {
      status: 'Progressing',
      reason: 'Launching',
      message: desired.spec.waitReady ? 'started; has not said that it is ready' : 'is being started',
      recheckAfter: 1000,
    }
  }
  if (uptime < minUptime) {
    return {
      status: 'Progressing',
      reason: 'Starting',
      message: `online for ${formatDuration(uptime)}, counts as started after ${formatDuration(minUptime)}`,
      recheckAfter: minUptime - uptime,
    }
  }
  return { status: 'Healthy', reason: 'Online', message: onlineText(uptime) }
}

function judgeEnded(record: Pm2Record, { endings }: ObservedProcess): Verdict {
  if (record.status === 'stopped') {
    return { status: 'Degraded', reason: 'Stopped', message: `stopped${exitText(record, endings)}` }
  }
  return {
    status: 'Degraded',
    reason: 'Errored',
    message: `PM2 gave up after too many restarts${exitText(record)}; its error log says why: ${record.errLogPath ?? 'none'}`,
  }
}

/** Restarts that were asked for say nothing of a crash; but for those by PM2 itself, when memory runs out again and again. */
function judgeLoop(
  pair: ProcessPair,
  desired: DesiredProcess,
  records: readonly Pm2Record[],
  history: History,
): Verdict | undefined {
  const { cron, watch, maxMemory } = desired.spec
  const countsAsked = maxMemory !== undefined && cron === undefined && (watch ?? false) === false
  const askedAt = askedAtOf(records)
  const looping = records.flatMap((record) => {
    const uptime = uptimeOf(record, history.now)
    const actedAt = readMark(record.reconciled)?.actedAt ?? 0
    const { pmId, restartTime: restarts } = record
    const loop = findCrashLoop({ pmId, restarts, askedAt, uptime, actedAt, countsAsked }, history)
    return loop ? [{ record, uptime, loop }] : []
  })
  const [worst] = looping.toSorted((a, b) => b.loop.restarts - a.loop.restarts)
  if (!worst) return undefined
  const { loop, uptime } = worst
  const part = records.length === 1 ? '' : `${looping.length} of ${records.length} instances: `
  const fresh = looping.filter((one) => one.loop.isFresh).map(({ record }) => record)
  return {
    status: 'Degraded',
    reason: 'RestartsRising',
    message: `${part}restarted ${loop.restarts} times in ${formatDuration(loop.span)} although PM2 says online; counts as stable after ${formatDuration(loop.until)}`,
    recheckAfter: loop.until - uptime,
    ...(fresh.length > 0
      ? { remedy: kick(pair, desired, fresh, `restarted ${loop.restarts} times in a row`) }
      : {}),
  }
}

function judgeCount(desired: DesiredProcess, observed: ObservedProcess): Verdict | undefined {
  const wanted = wantedInstances(desired, observed.processors, false)
  if (wanted === undefined || observed.records.length >= wanted) return undefined
  return {
    status: 'Degraded',
    reason: 'InstancesMissing',
    message: `${observed.records.length} of ${wanted} instances are there`,
  }
}

function judgeProbe(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
  history: History,
): Verdict | undefined {
  const { health } = desired.spec
  const { probe, records } = observed
  if (!health || records.every((record) => hasEnded(record))) return undefined
  const startPeriod = parseDuration(health.startPeriod ?? '') ?? defaultStartPeriod
  const threshold = health.failureThreshold ?? defaultFailureThreshold
  if (!probe || probe.verdict === 'unasked') {
    return {
      status: 'Unknown',
      reason: 'ProbeNotRun',
      message: probe?.message ?? 'its probe was not run',
    }
  }
  const next = probe.nextIn ?? 0
  if (probe.verdict === 'passed') return undefined
  if (probe.verdict === 'pending') {
    return {
      status: 'Progressing',
      reason: 'ProbePending',
      message: 'its probe was asked and has not answered yet',
      recheckAfter: next,
    }
  }
  if (probe.failures >= threshold) {
    return {
      status: 'Degraded',
      reason: 'ProbeFailed',
      message: `its probe failed ${probe.failures} times in a row: ${probe.message}`,
      recheckAfter: next,
      remedy: kick(pair, desired, records, `its probe failed ${probe.failures} times in a row`),
    }
  }
  if (probe.hasPassed) {
    return {
      status: 'Healthy',
      reason: 'ProbeFailing',
      message: `online; its probe failed ${probe.failures} of ${threshold} times: ${probe.message}`,
      recheckAfter: next,
    }
  }
  const uptime = Math.max(...records.map((record) => uptimeOf(record, history.now)))
  return {
    status: 'Progressing',
    reason: 'ProbePending',
    message:
      uptime < startPeriod
        ? `its probe does not pass yet: ${probe.message}`
        : `its probe failed ${probe.failures} of ${threshold} times: ${probe.message}`,
    recheckAfter: next,
  }
}

/** The corrective restart. Its `pids` keep it from hitting a process that somebody started anew meanwhile. */
function kick(
  pair: ProcessPair,
  desired: DesiredProcess,
  records: readonly Pm2Record[],
  reason: string,
): ProcessAction {
  return act(pair, desired, {
    type: 'kick',
    verb: 'run',
    summary: 'restart, it runs and does not work',
    reason,
    records,
    isRecovery: true,
  })
}
