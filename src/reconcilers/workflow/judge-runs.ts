import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import { type Duration, formatDuration, parseDuration } from '../../core/duration.ts'
import { fateOfDispatches, isLate, type OpenDispatch } from './intents.ts'
import { memoryOf } from './memory.ts'
import { newestRuns } from './newest-run.ts'
import type { ObservedRuns } from './observed.ts'
import type { WorkflowPair } from './pair.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'
import { dispatchOf, nothingTried, remedyForFailure, remedyForStale } from './remedy.ts'
import type { Verdict } from './verdict.ts'

/** How soon a run on its way, or a list that may lag, is looked at again. Milliseconds. */
const pace = Object.freeze({ running: 30_000, unconfirmed: 10_000 })

/** GitHub disables scheduled workflows of public repositories after so long without activity. */
const inactivityDays = 60
/** From how many days before that it is worth a word. */
const noticeDays = 14
const day = 86_400_000

/** Whether the newest runs are as `green` wants them. `now` is by our own clock. */
export function judgeRuns(pair: WorkflowPair, desired: DesiredWorkflow, now: number): Verdict {
  const vendorNow = now + (pair.observed?.clockAhead ?? 0)
  const settled = judgeActive(pair, desired, vendorNow)
  const [open] = fateOfDispatches(pair).open
  // What is green needs no run that is late.
  const verdict =
    open && settled.status !== 'Healthy' ? judgeOpenDispatch(pair, desired, { open, now }) : settled
  const notice = inactivityNotice(pair.observed?.lastActivity, vendorNow)
  return notice === undefined ? verdict : { ...verdict, message: `${verdict.message}; ${notice}` }
}

function judgeActive(pair: WorkflowPair, desired: DesiredWorkflow, now: number): Verdict {
  const runs = pair.observed?.runs
  const newest = runs && { runs, ...newestRuns(desired, runs.list), now }
  if (desired.spec.green) {
    if (newest) return judgeNewest(pair, desired, newest)
    return { status: 'Unknown', reason: 'RunsNotRead', message: 'its runs were not read' }
  }
  const called = newest && judgeCall(pair, desired, newest)
  return called ?? { status: 'Healthy', reason: 'Active', message: 'active' }
}

interface Newest {
  readonly runs: ObservedRuns
  readonly completed: WorkflowRun | undefined
  readonly underway: WorkflowRun | undefined
  /** By GitHub's clock. */
  readonly now: number
}

function judgeNewest(pair: WorkflowPair, desired: DesiredWorkflow, newest: Newest): Verdict {
  const { completed, underway, runs, now } = newest
  const called = judgeCall(pair, desired, newest)
  if (called) return called
  const settled = completed && judgeCompleted(pair, desired, { run: completed, runs, now })
  // What was green stays so while the next run is on its way: health follows what has ended.
  if (settled?.status === 'Healthy') {
    return underway ? { ...settled, message: `${settled.message}; ${onItsWay(underway)}` } : settled
  }
  if (underway) return judgeHanging(pair, desired, { run: underway, now }) ?? judgeUnderway(underway)
  if (settled) return settled
  return judgeNone(pair, desired, { runs, now })
}

/** A fallback that was called upon must run once, however green it was when it stood by. */
function judgeCall(pair: WorkflowPair, desired: DesiredWorkflow, newest: Newest): Verdict | undefined {
  const { standbyRun } = memoryOf(pair.owned)
  const last = newest.runs.list[0]?.id ?? 0
  const mayDispatch = desired.spec.green?.onStale === 'dispatch' || desired.spec.dispatch !== undefined
  if (standbyRun === undefined || last !== standbyRun || newest.underway || !mayDispatch) return undefined
  return {
    status: 'Progressing',
    reason: 'CalledUpon',
    message: 'enabled in place of its primary, and has not run since',
    remedy: dispatchOf(pair, desired, 'it stands in for its primary'),
  }
}

function judgeOpenDispatch(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  { open, now }: { readonly open: OpenDispatch; readonly now: number },
): Verdict {
  // Held by the engine until it is known what became of it.
  const remedy = dispatchOf(pair, desired, 'its run was never seen')
  const reason = 'DispatchUnconfirmed'
  if (!open.isAccepted || !isLate(open, now)) {
    const message = 'a run was asked for, and is not in the list yet'
    return { status: 'Progressing', reason, message, remedy, recheckAfter: pace.unconfirmed }
  }
  const rest = open.at + open.patience - now
  return {
    status: 'Degraded',
    reason,
    message: `GitHub took a dispatch ${formatDuration(now - open.at)} ago and shows no run of it; it is asked for again in ${formatDuration(rest)} at the earliest`,
    remedy,
  }
}

function judgeUnderway(run: WorkflowRun): Verdict {
  const status = run.status === 'unknown' ? 'Unknown' : 'Progressing'
  const reason = { queued: 'Queued', running: 'Running', waiting: 'WaitingForApproval', completed: 'Running' }
  return {
    status,
    reason: run.status === 'unknown' ? 'RunStatusUnknown' : reason[run.status],
    message: onItsWay(run),
    recheckAfter: pace.running,
  }
}

/** One that is itself older than a green run may be keeps nothing young; another beside it would wait as it does. */
function judgeHanging(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  { run, now }: { readonly run: WorkflowRun; readonly now: number },
): Verdict | undefined {
  const within = parseDuration(desired.spec.green?.within ?? '')
  const age = now - run.startedAt
  if (within === undefined || age <= within || run.status === 'unknown') return undefined
  return {
    status: 'Degraded',
    reason: 'Stale',
    message: `${stateOf(run)} for ${formatDuration(age)} already; at most ${formatDuration(within)} is declared: ${run.url}`,
    remedy: nothingTried(pair, desired, 'a run is on its way, and does not end'),
  }
}

function onItsWay(run: WorkflowRun): string {
  return `${stateOf(run)}: ${run.url}`
}

function stateOf(run: WorkflowRun): string {
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : ''
  const words = {
    queued: 'is queued',
    running: 'is running',
    waiting: 'waits for approval',
    completed: 'has ended',
    unknown: 'has a status that is not known here',
  }
  return `run ${run.id}${attempt} ${words[run.status]}`
}

function judgeCompleted(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  { run, runs, now }: { readonly run: WorkflowRun; readonly runs: ObservedRuns; readonly now: number },
): Verdict {
  const failed = (reason: string, isHopeless: boolean): Verdict => ({
    status: 'Degraded',
    reason,
    message: failureMessage(run, runs, reason),
    remedy: remedyForFailure(pair, desired, { run, isHopeless, now }),
  })
  switch (run.conclusion) {
    case 'success':
    case 'neutral':
      return judgeAge(pair, desired, run, now)
    case 'startup_failure':
      return failed('StartupFailure', true)
    case 'action_required':
      return {
        status: 'Degraded',
        reason: 'WaitingForApproval',
        message: `run ${run.id} waits for a person to approve it: ${run.url}`,
        remedy: nothingTried(pair, desired, 'nothing else is tried'),
      }
    case 'failure': {
      const { failure } = runs
      const isOfThisRun = failure?.runId === run.id && failure.attempt === run.attempt
      return isOfThisRun && failure.jobs === 0 ? failed('FileInvalid', true) : failed('RunFailed', false)
    }
    case 'timed_out':
      return failed('RunTimedOut', false)
    case 'cancelled':
    case 'skipped':
    case 'stale':
      return failed('RunNotFinished', false)
    case 'unknown':
    case undefined:
      return {
        status: 'Unknown',
        reason: 'ConclusionUnknown',
        message: `run ${run.id} ended in a way that is not known here: ${run.url}`,
      }
  }
}

function judgeAge(pair: WorkflowPair, desired: DesiredWorkflow, run: WorkflowRun, now: number): Verdict {
  const within = parseDuration(desired.spec.green?.within ?? '')
  const age = Math.max(0, now - run.startedAt)
  if (within !== undefined && age > within) {
    const message = `the newest completed run (${run.id}, green) was started ${formatDuration(age)} ago; at most ${formatDuration(within)} is declared: ${run.url}`
    return {
      status: 'Degraded',
      reason: 'Stale',
      message,
      remedy: remedyForStale(pair, desired, `no run within ${formatDuration(within)}`),
    }
  }
  return {
    status: 'Healthy',
    reason: 'Green',
    message: `run ${run.id} was green ${formatDuration(age)} ago`,
    // Left to itself it becomes stale then.
    ...(within !== undefined && { recheckAfter: within - age + 1 }),
  }
}

function judgeNone(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  { runs, now }: { readonly runs: ObservedRuns; readonly now: number },
): Verdict {
  const where = `on branch ${branchOf(desired)}`
  if (!runs.isConfirmed) {
    return {
      status: 'Unknown',
      reason: 'NoRunSeen',
      message: `no completed run was seen ${where}; lists of runs can lag, so it is asked again`,
      recheckAfter: pace.unconfirmed,
    }
  }
  if (runs.reach !== undefined) return judgeHidden(pair, desired, now - runs.reach)
  return {
    status: 'Degraded',
    reason: 'NeverRan',
    message: `no completed run that counts ${where}`,
    remedy: remedyForStale(pair, desired, `never ran ${where}`),
  }
}

/** So many runs of other branches are newer that not all were looked through: all is known of the time of those. */
function judgeHidden(pair: WorkflowPair, desired: DesiredWorkflow, reachesBack: Duration): Verdict {
  const within = parseDuration(desired.spec.green?.within ?? '')
  const what = `no completed run that counts on branch ${branchOf(desired)} in ${formatDuration(reachesBack)}`
  if (within === undefined || reachesBack <= within) {
    return {
      status: 'Unknown',
      reason: 'NoRunSeen',
      message: `${what}; further back its runs were not looked through, there are too many of other branches`,
    }
  }
  return {
    status: 'Degraded',
    reason: 'Stale',
    message: `${what}; at most ${formatDuration(within)} is declared`,
    remedy: remedyForStale(pair, desired, `no run within ${formatDuration(within)}`),
  }
}

const failureWords: Readonly<Record<string, string>> = Object.freeze({
  StartupFailure: 'could not start: its workflow file is not valid',
  FileInvalid: 'had no jobs: its workflow file is not valid',
  RunTimedOut: 'timed out',
  RunFailed: 'failed',
})

/** Names the job and the step, and where to look. */
function failureMessage(run: WorkflowRun, { failure }: ObservedRuns, reason: string): string {
  const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : ''
  const words = failureWords[reason] ?? `ended as ${run.conclusion}`
  const isOfThisRun = failure?.runId === run.id && failure.attempt === run.attempt
  const job = isOfThisRun && failure.job !== undefined ? ` in job "${failure.job}"` : ''
  const step = isOfThisRun && failure.step !== undefined ? `, step "${failure.step}"` : ''
  return `run ${run.id}${attempt} ${words}${job}${step}: ${run.url}`
}

/** Tells when GitHub will disable a schedule for want of activity, from some time before. */
function inactivityNotice(lastActivity: number | undefined, now: number): string | undefined {
  if (lastActivity === undefined) return undefined
  const left = inactivityDays - Math.floor((now - lastActivity) / day)
  if (left > noticeDays) return undefined
  if (left <= 0) return 'GitHub may disable its schedule at any time: no activity for 60 days'
  return `GitHub disables its schedule in ${left} ${left === 1 ? 'day' : 'days'} without activity`
}
