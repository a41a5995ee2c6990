import type { RunConclusion, WorkflowRun } from '../../clients/github/workflow-run.ts'
import { assertNever } from '../../core/assert-never.ts'
import type { HoldReason } from '../../core/hold.ts'
import type { WorkflowAction } from './action.ts'
import { speaksOfBranch } from './newest-run.ts'
import { actionOf, type WorkflowPair } from './pair.ts'
import type { DesiredWorkflow } from './place.ts'

/** GitHub runs nothing again that was created longer ago: 403, "created over a month ago". Milliseconds. */
const rerunAge = 30 * 86_400_000

/** Reruns of one run since 2026-04-10: beyond it GitHub fails the check instead of refusing the call. */
const rerunLimit = 50

/** Whether a new run may be started: the workflow needs `on: workflow_dispatch`, which only the manifest tells us. */
function canDispatch({ spec }: DesiredWorkflow): boolean {
  const { green, dispatch } = spec
  return (
    dispatch !== undefined ||
    green?.onStale === 'dispatch' ||
    green?.onFailure === 'dispatch' ||
    green?.events?.includes('workflow_dispatch') === true
  )
}

/** Whether something may be done about a run that ended so: then it matters whether the branch has moved on. */
export function hasRemedy(conclusion: RunConclusion | undefined): boolean {
  switch (conclusion) {
    case 'failure':
    case 'timed_out':
    case 'startup_failure':
    case 'cancelled':
    case 'skipped':
    case 'stale':
      return true
    case 'success':
    case 'neutral':
    case 'action_required':
    case 'unknown':
    case undefined:
      return false
    default:
      return assertNever(conclusion)
  }
}

/** What is done about a run that failed; undefined: nothing is declared. */
export function remedyForFailure(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  failed: { readonly run: WorkflowRun; readonly isHopeless: boolean; readonly now: number },
): WorkflowAction | undefined {
  const { run, isHopeless, now } = failed
  const onFailure = desired.spec.green?.onFailure ?? 'none'
  const reason = `run ${run.id} ended in ${run.conclusion}`
  if (onFailure === 'none')
    return nothingTried(pair, desired, 'nothing is done about a failure (`onFailure`)')
  const later = laterRun(pair, desired, run)
  if (later?.conclusion === 'cancelled') {
    return exhausted(pair, onFailure, `run ${later.id} came after it, and was cancelled`, reason)
  }
  const headSha = pair.observed?.runs?.headSha
  const hasMoved = headSha !== undefined && headSha !== run.headSha
  // The file of the head may be a mended one: a rerun would take the old file again.
  if (hasMoved && canDispatch(desired)) {
    return dispatchOf(pair, desired, `${reason}, and the branch has moved on`)
  }
  if (isHopeless) {
    return exhausted(pair, onFailure, 'no rerun can help: GitHub cannot read the workflow file', reason)
  }
  if (onFailure === 'dispatch') return dispatchOf(pair, desired, reason)
  if (later) {
    if (canDispatch(desired)) return dispatchOf(pair, desired, `${reason}, and run ${later.id} came after it`)
    const why = `run ${later.id} came after it, and it would take the older commit again`
    return exhausted(pair, onFailure, why, reason)
  }
  const max = desired.controls.recovery.maxAttempts
  const next = run.attempt + 1
  const isTooOld = now - run.createdAt > rerunAge
  if (isTooOld || run.attempt > rerunLimit) {
    if (canDispatch(desired)) return dispatchOf(pair, desired, `${reason} and cannot be run again`)
    const limit = isTooOld ? 'it is older than 30 days' : `it was run again ${rerunLimit} times`
    return exhausted(pair, onFailure, `GitHub does not run it again: ${limit}`, reason)
  }
  if (next > max) {
    const attempts = max === 1 ? 'the one attempt of' : `all ${max} attempts of`
    return exhausted(pair, onFailure, `${attempts} run ${run.id} ${max === 1 ? 'is' : 'are'} used up`, reason)
  }
  const what = onFailure === 'rerun' ? 'rerun' : 'rerun failed jobs of'
  return actionOf(pair, {
    type: onFailure,
    verb: 'run',
    summary: `${what} run ${run.id}, attempt ${next} of ${max}`,
    reason,
    isRecovery: true,
    run: { id: run.id, attempt: run.attempt },
  })
}

/**
 * The run on the branch that makes the failed one a thing of the past although it does not count itself: it is of another
 * commit, so that running the failed one again would bring old code back; or it was cancelled, which is somebody's word.
 */
function laterRun(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  failed: WorkflowRun,
): WorkflowRun | undefined {
  const list = pair.observed?.runs?.list ?? []
  const at = list.findIndex(({ id }) => id === failed.id)
  const later = list.slice(0, Math.max(0, at)).filter((run) => speaksOfBranch(run, desired))
  const [newest] = later
  const cancelled = later.find((run) => run.conclusion === 'cancelled' && run.headSha === newest?.headSha)
  return cancelled ?? (newest?.headSha === failed.headSha ? undefined : newest)
}

/** What is done where no run is young enough. */
export function remedyForStale(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  reason: string,
): WorkflowAction | undefined {
  if (desired.spec.green?.onStale === 'dispatch') return dispatchOf(pair, desired, reason)
  return nothingTried(pair, desired, 'nothing is done about an old run (`onStale`)')
}

/** Starts a new run of the branch's head. Never repeated before it is known what became of it. */
export function dispatchOf(pair: WorkflowPair, desired: DesiredWorkflow, reason: string): WorkflowAction {
  return actionOf(pair, {
    type: 'dispatch',
    verb: 'run',
    summary: `dispatch ${desired.spec.path} on ${desired.spec.branch ?? 'main'}`,
    reason,
    repeatable: false,
    isRecovery: true,
  })
}

/** Only a fallback makes it worth saying that there is nothing to try: it is called at once then. */
export function nothingTried(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  message: string,
): WorkflowAction | undefined {
  if (desired.controls.fallback.length === 0) return undefined
  return blockedAction(pair, { summary: 'leave it to its fallback', reason: 'not green', message })
}

function exhausted(pair: WorkflowPair, tried: string, message: string, reason: string): WorkflowAction {
  return blockedAction(pair, { summary: `no further ${tried}`, reason, message })
}

function blockedAction(
  pair: WorkflowPair,
  said: { readonly summary: string; readonly reason: string; readonly message: string },
): WorkflowAction {
  const reason: HoldReason = 'AttemptsExhausted'
  return actionOf(pair, {
    type: 'resolve',
    verb: 'run',
    summary: said.summary,
    reason: said.reason,
    isRecovery: true,
    blocked: { reason, message: said.message },
  })
}
