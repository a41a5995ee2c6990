import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { type Duration, formatDuration, parseDuration } from '../../core/duration.ts'
import type { HealthStatus } from '../../core/health.ts'
import type { Assessment, History } from '../../core/reconciler.ts'
import type { ChildStatus } from '../../core/status.ts'
import type { ProcessAction } from './action.ts'
import { conflictAmong } from './claim.ts'
import { compareRecord } from './compare.ts'
import { findCrashLoop } from './crash-loop.ts'
import { act, comparisonOf, hasCompleted, type ProcessPair, wantedInstances } from './diff.ts'
import { readMark } from './mark.ts'
import type { ObservedProcess } from './observed.ts'
import type { DesiredProcess } from './place.ts'
import { processKindOf } from './process-kind.ts'
import { endedAsAllowed, hasEnded, isPhantom, isRunning } from './run-state.ts'

/** What is judged: status, reason and message, and what would help. */
interface Verdict {
  readonly status: HealthStatus
  readonly reason: string
  readonly message: string
  readonly remedy?: ProcessAction
  readonly recheckAfter?: Duration
}

/** PM2's own `min_uptime`. */
const defaultMinUptime: Duration = 1000
const defaultStartPeriod: Duration = 10_000
const defaultFailureThreshold = 3
/** How long PM2 may take to notice that a process ended; it hears of it within milliseconds. */
const exitLag: Duration = 5_000

/** What the observation says of health. Pure; the engine bounds the remedy by `recovery`. */
export function assessProcess(pair: ProcessPair, history: History): Assessment<ProcessAction> {
  const { desired, observed } = pair
  const records = observed?.records ?? []
  const verdict = desired
    ? withLastWords(judge(pair, desired, history), observed)
    : ({ status: 'Missing', reason: 'NotDeclared', message: 'no longer declared' } as const)
  return {
    status: verdict.status,
    reason: verdict.reason,
    message: verdict.message,
    remedy: verdict.remedy,
    recheckAfter:
      verdict.recheckAfter === undefined ? undefined : Math.max(50, Math.ceil(verdict.recheckAfter)),
    measurements: measure(records, observed, history.now),
    children: records.map((record) => childOf(record, observed, history.now)),
    remember: desired ? rememberOf(pair, desired, verdict) : undefined,
  }
}

function judge(pair: ProcessPair, desired: DesiredProcess, history: History): Verdict {
  const { observed } = pair
  const records = observed?.records ?? []
  const conflict = conflictAmong(records, pair.mark)
  if (conflict) return { status: 'Degraded', reason: 'DuplicateName', message: conflict }
  if (pair.posture === 'standby') return judgeStandby(records)
  if (hasCompleted(pair) && records.length === 0) {
    return { status: 'Healthy', reason: 'Completed', message: 'has run and ended with exit code 0' }
  }
  if (!observed || records.length === 0) return judgeAbsent(observed)
  switch (processKindOf(desired.spec)) {
    case 'daemon':
      return judgeDaemon(pair, desired, observed, history)
    case 'cron-job':
      return judgeCronJob(records, desired)
    case 'one-shot':
      return judgeOneShot(pair, desired, records)
  }
}

/** Verdicts about a process that ended by itself: what it said last is why. */
const died: ReadonlySet<string> = new Set([
  'Errored',
  'Stopped',
  'Restarting',
  'RestartsRising',
  'LastRunFailed',
  'Failed',
])

function withLastWords(verdict: Verdict, observed: ObservedProcess | undefined): Verdict {
  if (observed?.lastWords === undefined || !died.has(verdict.reason)) return verdict
  return { ...verdict, message: `${verdict.message}; it said last: ${observed.lastWords}` }
}

function judgeStandby(records: readonly Pm2Record[]): Verdict {
  if (records.length === 0) return { status: 'Healthy', reason: 'StandingBy', message: 'standing by' }
  return { status: 'Progressing', reason: 'StandingDown', message: 'still in PM2, though it stands by' }
}

function judgeAbsent(observed: ObservedProcess | undefined): Verdict {
  if (observed?.missing) return { status: 'Missing', reason: 'ScriptMissing', message: observed.missing }
  const left = observed?.leftBehind ?? []
  if (left.length > 0) {
    return {
      status: 'Missing',
      reason: 'LeftBehind',
      message: `PM2 was killed and does not know it any more; still running with pid ${left.join(', ')}`,
    }
  }
  return { status: 'Missing', reason: 'NotRunning', message: 'not in PM2' }
}

// --- daemons -------------------------------------------------------------------------------------------------

function judgeDaemon(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
  history: History,
): Verdict {
  const { records } = observed
  const minUptime = parseDuration(desired.spec.minUptime ?? '') ?? defaultMinUptime
  const verdicts = records.map((record) => judgeInstance(record, desired, observed, minUptime, history.now))
  const worst = worstOf(verdicts)
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
  if (endedAsAllowed(record, desired.spec.stopExitCodes)) {
    return {
      status: 'Healthy',
      reason: 'Ended',
      message: `ended with exit code ${record.exitCode}, as stopExitCodes allows`,
    }
  }
  if (hasEnded(record)) return judgeEnded(record)
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
  return { status: 'Healthy', reason: 'Online', message: `online for ${formatDuration(uptime)}` }
}

function judgeEnded(record: Pm2Record): Verdict {
  if (record.status === 'stopped') {
    return { status: 'Degraded', reason: 'Stopped', message: `stopped${exitText(record)}` }
  }
  return {
    status: 'Degraded',
    reason: 'Errored',
    message: `PM2 gave up after too many restarts${exitText(record)}; its error log says why: ${record.errLogPath ?? 'none'}`,
  }
}

function exitText(record: Pm2Record): string {
  return record.exitCode === undefined ? '' : ` (exit code ${record.exitCode})`
}

/** Restarts that were asked for, by a cron or a watcher, say nothing of a crash. */
function judgeLoop(
  pair: ProcessPair,
  desired: DesiredProcess,
  records: readonly Pm2Record[],
  history: History,
): Verdict | undefined {
  if (desired.spec.cron !== undefined || (desired.spec.watch ?? false) !== false) return undefined
  const restarts = sum(records.map((record) => record.restartTime))
  const uptime = Math.min(...records.map((record) => uptimeOf(record, history.now)))
  const actedAt = Math.max(...records.map((record) => readMark(record.reconciled)?.actedAt ?? 0))
  const loop = findCrashLoop({ restarts, uptime, actedAt }, history)
  if (!loop) return undefined
  return {
    status: 'Degraded',
    reason: 'RestartsRising',
    message: `restarted ${loop.restarts} times in ${formatDuration(loop.span)} although PM2 says online; counts as stable after ${formatDuration(loop.until)}`,
    recheckAfter: loop.until - uptime,
    ...(loop.isFresh
      ? { remedy: kick(pair, desired, records, `restarted ${loop.restarts} times in a row`) }
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
  const next = Math.max(0, (probe.nextAt ?? history.now) - history.now)
  if (probe.verdict === 'passed') return undefined
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

// --- jobs ----------------------------------------------------------------------------------------------------

/** A failed run of a cron job is for a person to see; running it again outside its schedule is nobody's wish. */
function judgeCronJob(records: readonly Pm2Record[], desired: DesiredProcess): Verdict {
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

function judgeOneShot(pair: ProcessPair, desired: DesiredProcess, records: readonly Pm2Record[]): Verdict {
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

// --- what is kept and shown ----------------------------------------------------------------------------------

/**
 * A completed one-shot is remembered by its spec's hash, and a process that was adopted by the sources that it was
 * found with: its record cannot be marked without a restart.
 */
function rememberOf(
  pair: ProcessPair,
  desired: DesiredProcess,
  verdict: Verdict,
): Readonly<Record<string, unknown>> | undefined {
  const { observed, owned } = pair
  const memory = { ...owned?.memory }
  const comparison = comparisonOf(pair, desired)
  const isAsDeclared = (observed?.records ?? []).every(
    (record) => compareRecord(comparison, record).length === 0,
  )
  if (
    processKindOf(desired.spec) === 'one-shot' &&
    verdict.reason === 'Completed' &&
    isAsDeclared &&
    pair.posture === 'active'
  ) {
    memory.completedHash = pair.mark.hash
  }
  if (observed?.sourcesHash !== undefined && observed.records.length > 0)
    memory.sources ??= observed.sourcesHash
  const hasNews = Object.keys(memory).some((key) => memory[key] !== owned?.memory[key])
  return hasNews ? memory : undefined
}

function measure(
  records: readonly Pm2Record[],
  observed: ObservedProcess | undefined,
  now: number,
): Readonly<Record<string, number>> {
  if (records.length === 0) return {}
  const running = records.filter(isRunning)
  return {
    restarts: sum(records.map((record) => record.restartTime)),
    memoryBytes: sum(records.map((record) => record.monit.memoryBytes)),
    cpuPercent: sum(records.map((record) => record.monit.cpuPercent)),
    ...(running.length > 0 ? { uptimeMs: Math.min(...running.map((record) => uptimeOf(record, now))) } : {}),
    ...(observed?.probe?.tookMs === undefined ? {} : { probeMs: observed.probe.tookMs }),
  }
}

function childOf(record: Pm2Record, observed: ObservedProcess | undefined, now: number): ChildStatus {
  const isLive = record.pid !== undefined && (observed?.livePids ?? []).includes(record.pid)
  const isUp = isRunning(record) && isLive
  const hasFailed = isPhantom(record) || record.status === 'errored' || (isRunning(record) && !isLive)
  return {
    name: `${record.name}#${record.instance ?? observed?.records.indexOf(record) ?? 0}`,
    health: isUp ? 'Healthy' : hasFailed ? 'Degraded' : hasEnded(record) ? 'Suspended' : 'Progressing',
    message: isUp
      ? `online for ${formatDuration(uptimeOf(record, now))}`
      : `${record.status}${exitText(record)}`,
    details: {
      number: record.pmId,
      ...(isLive && record.pid !== undefined ? { pid: record.pid } : {}),
      status: record.status,
      mode: record.mode,
      restarts: record.restartTime,
      ...(isUp ? { uptimeMs: uptimeOf(record, now), memoryBytes: record.monit.memoryBytes } : {}),
      ...(record.nodeVersion === undefined ? {} : { node: record.nodeVersion }),
    },
  }
}

const worstFirst: readonly HealthStatus[] = [
  'Unknown',
  'Degraded',
  'Missing',
  'Progressing',
  'Suspended',
  'Healthy',
]

function worstOf(verdicts: readonly Verdict[]): Verdict {
  const rank = (verdict: Verdict) => worstFirst.indexOf(verdict.status)
  const worst = [...verdicts].sort((a, b) => rank(a) - rank(b))[0]
  if (!worst) throw new TypeError('Expected at least one verdict')
  const rechecks = verdicts.map((verdict) => verdict.recheckAfter).filter((after) => after !== undefined)
  return rechecks.length === 0 ? worst : { ...worst, recheckAfter: Math.max(...rechecks) }
}

/** Says how many instances a bad verdict is about. */
function withCount(verdict: Verdict, all: readonly Verdict[]): Verdict {
  const count = all.filter((other) => other.status === verdict.status).length
  if (all.length === 1) return verdict
  return { ...verdict, message: `${count} of ${all.length} instances: ${verdict.message}` }
}

function uptimeOf(record: Pm2Record, now: number): Duration {
  return record.uptimeSince === undefined ? 0 : Math.max(0, now - record.uptimeSince)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
