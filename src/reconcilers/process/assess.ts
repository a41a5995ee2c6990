import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Duration } from '../../core/duration.ts'
import type { Assessment, History } from '../../core/reconciler.ts'
import type { ChildStatus } from '../../core/status.ts'
import type { ProcessAction } from './action.ts'
import { conflictAmong } from './claim.ts'
import { restartsKey } from './crash-loop.ts'
import { hasCompleted } from './diff.ts'
import { judgeDaemon } from './judge-daemon.ts'
import { judgeCronJob, judgeOneShot } from './judge-job.ts'
import type { ObservedProcess } from './observed.ts'
import { outdatedOf, type ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import { processKindOf } from './process-kind.ts'
import { askedAtOf, hasEnded, isPhantom, isRunning, onlineText, uptimeOf } from './run-state.ts'
import { countQuickChange } from './saved-sources.ts'
import { exitText, type Verdict } from './verdict.ts'

/** How soon is looked whether PM2 has brought something back, where no event tells. */
const returnCheck: Duration = 1000

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
    remember: desired ? rememberOf(pair, desired, { verdict, now: history.now }) : undefined,
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
      return judgeCronJob(observed, desired, history)
    case 'one-shot':
      return judgeOneShot(pair, desired, observed)
  }
}

/** Verdicts about a process that ended by itself: what it said last is why. */
const died: ReadonlySet<string> = new Set([
  'Errored',
  'RolloutStuck',
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
  if (observed?.returningUntil !== undefined) {
    const message = 'not in PM2 yet, which had saved it'
    return { status: 'Progressing', reason: 'Returning', message, recheckAfter: returnCheck }
  }
  if (observed?.missing) return { status: 'Missing', reason: 'ScriptMissing', message: observed.missing }
  const left = observed?.leftBehind ?? []
  if (left.length > 0) {
    return {
      status: 'Missing',
      reason: 'LeftBehind',
      message: `PM2 does not know it any more; still running with pid ${left.join(', ')}`,
    }
  }
  return { status: 'Missing', reason: 'NotRunning', message: 'not in PM2' }
}

/**
 * A completed one-shot is remembered by its spec's hash and that of its sources, and a process that was adopted by the sources that it was
 * found with: its record cannot be marked without a restart. And whether its sources change with each start.
 */
function rememberOf(
  pair: ProcessPair,
  desired: DesiredProcess,
  { verdict, now }: { readonly verdict: Verdict; readonly now: number },
): Readonly<Record<string, unknown>> | undefined {
  const { observed, owned } = pair
  const outdated = observed ? outdatedOf(pair, desired, observed) : []
  const memory: Record<string, unknown> = {
    ...owned?.memory,
    ...countQuickChange(outdated, { owned, desired, now }),
  }
  if (
    processKindOf(desired.spec) === 'one-shot' &&
    verdict.reason === 'Completed' &&
    outdated.length === 0 &&
    pair.posture === 'active'
  ) {
    memory.completedHash = pair.mark.hash
    if (observed?.sourcesHash === undefined) delete memory.completedSources
    else memory.completedSources = observed.sourcesHash
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
  const askedAt = askedAtOf(records)
  const uptime = Math.min(...records.filter(isRunning).map((record) => uptimeOf(record, now)))
  return {
    restarts: sum(records.map((record) => record.restartTime)),
    ...(records.length > 1 &&
      Object.fromEntries(records.map(({ pmId, restartTime }) => [restartsKey(pmId), restartTime]))),
    ...(askedAt === undefined ? {} : { askedAt }),
    memoryBytes: sum(records.map((record) => record.monit.memoryBytes)),
    cpuPercent: sum(records.map((record) => record.monit.cpuPercent)),
    ...(Number.isFinite(uptime) ? { uptimeMs: uptime } : {}),
    ...(observed?.probe?.tookMs === undefined ? {} : { probeMs: observed.probe.tookMs }),
  }
}

function childOf(record: Pm2Record, observed: ObservedProcess | undefined, now: number): ChildStatus {
  const isLive = record.pid !== undefined && (observed?.livePids ?? []).includes(record.pid)
  const isUp = isRunning(record) && isLive
  const uptime = uptimeOf(record, now)
  const hasFailed = isPhantom(record) || record.status === 'errored' || (isRunning(record) && !isLive)
  return {
    name: `${record.name}#${record.instance ?? observed?.records.indexOf(record) ?? 0}`,
    health: isUp ? 'Healthy' : hasFailed ? 'Degraded' : hasEnded(record) ? 'Suspended' : 'Progressing',
    message: isUp ? onlineText(uptime) : `${record.status}${exitText(record, observed?.endings)}`,
    details: {
      number: record.pmId,
      ...(isLive && record.pid !== undefined ? { pid: record.pid } : {}),
      status: record.status,
      mode: record.mode,
      restarts: record.restartTime,
      ...(isUp && Number.isFinite(uptime) ? { uptimeMs: uptime } : {}),
      ...(isUp ? { memoryBytes: record.monit.memoryBytes } : {}),
      ...(record.nodeVersion === undefined ? {} : { node: record.nodeVersion }),
    },
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
