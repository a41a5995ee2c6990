import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import type { Assessment, History } from '../../core/reconciler.ts'
import type { ChildStatus } from '../../core/status.ts'
import type { WorkflowAction } from './action.ts'
import { fateOfDispatches } from './intents.ts'
import { judgeRuns } from './judge-runs.ts'
import { memoryOf } from './memory.ts'
import { newestRuns } from './newest-run.ts'
import { disabledBy, isIgnored, type WorkflowPair, wantedState } from './pair.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'
import { proposalOf } from './proposal.ts'
import { nothingTried } from './remedy.ts'
import { judgeUnlisted, measureUnlisted } from './unlisted.ts'
import type { Verdict } from './verdict.ts'

/** What the observation says of health. Pure; the engine bounds the remedy by `recovery`. */
export function assessWorkflow(pair: WorkflowPair, history: History): Assessment<WorkflowAction> {
  const { desired } = pair
  const verdict: Verdict = desired
    ? judge(pair, desired, history)
    : { status: 'Missing', reason: 'NotDeclared', message: 'no longer declared' }
  const movedTo = desired && pair.observed?.movedTo
  return {
    status: verdict.status,
    reason: verdict.reason,
    message: movedTo === undefined ? verdict.message : `${verdict.message}; ${movedMessage(movedTo)}`,
    remedy: verdict.remedy,
    recheckAfter: verdict.recheckAfter,
    ...(verdict.status === 'Healthy' && restOf(pair, history.now)),
    // A run takes its own time, and so does the person who merges: a pass does not wait for either.
    isAwaited: false,
    measurements: desired ? { ...measure(pair, desired), ...measureUnlisted(pair, desired, history) } : {},
    children: desired ? childrenOf(pair, desired) : [],
    remember: desired ? { ...rememberOf(pair, desired), ...rememberProposals(pair, desired) } : undefined,
    resolvedIntents: fateOfDispatches(pair).resolved,
  }
}

/** The old name is a redirect until somebody takes it: then it stands for another repository. */
function movedMessage(name: string): string {
  return `GitHub calls the repository ${name} now: correct \`repository\``
}

/** From how long without a new run it is read less often, and how often then. Milliseconds. */
const quietness = Object.freeze([
  { after: 7 * 86_400_000, restFor: 1_800_000 },
  { after: 86_400_000, restFor: 900_000 },
])

/** Where nothing ran for long nothing will in the next minutes: what is quiet is read less often. */
function restOf({ observed }: WorkflowPair, now: number): { readonly restFor: number } | undefined {
  const [newest] = observed?.runs?.list ?? []
  if (!observed || !newest) return undefined
  const quietFor = now + observed.clockAhead - newest.updatedAt
  const found = quietness.find(({ after }) => quietFor >= after)
  return found && { restFor: found.restFor }
}

function judge(pair: WorkflowPair, desired: DesiredWorkflow, history: History): Verdict {
  const { observed } = pair
  const state = observed?.workflow?.state
  if (!observed || state === undefined || state === 'deleted') return judgeMissing(pair, desired, history)
  if (state === 'unknown') {
    return {
      status: 'Unknown',
      reason: 'StateUnknown',
      message: 'GitHub says a state of it that is not known here',
    }
  }
  const wanted = wantedState(pair, desired)
  if (state !== 'active') return judgeDisabled(pair, desired, state, wanted)
  if (wanted === 'disabled') {
    const isStandby = pair.posture === 'standby'
    return {
      status: isStandby ? 'Progressing' : 'Degraded',
      reason: isStandby ? 'StandingDown' : 'Enabled',
      message: isStandby ? 'still enabled, though it stands by' : 'enabled, and declared to be disabled',
    }
  }
  return judgeFile(pair, desired) ?? judgeRuns(pair, desired, history.now)
}

function judgeMissing(pair: WorkflowPair, desired: DesiredWorkflow, history: History): Verdict {
  const file = pair.observed?.file
  const where = `${desired.spec.repository}, branch ${branchOf(desired)}`
  if (file?.pull?.state === 'open' && file.found === undefined) return waitsForMerge(file.pull.number)
  if (file?.found !== undefined) return judgeUnlisted(pair, desired, history)
  return {
    status: 'Missing',
    reason: 'FileMissing',
    message: `no workflow ${desired.spec.path} in ${where}`,
    remedy: nothingTried(pair, desired, 'nothing declared makes it (`source`)'),
  }
}

function judgeDisabled(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  state: string,
  wanted: 'active' | 'disabled' | undefined,
): Verdict {
  if (pair.posture === 'standby') return { status: 'Healthy', reason: 'StandingBy', message: 'standing by' }
  if (wanted === 'disabled') {
    return { status: 'Healthy', reason: 'Disabled', message: 'disabled, as declared' }
  }
  const message = disabledBy(state)
  if (wanted === undefined && desired.spec.green === undefined) {
    return { status: 'Suspended', reason: reasonOfDisabled(state), message }
  }
  const reason = reasonOfDisabled(state)
  // A person who switched it off decides what runs in its place; GitHub did not ask anybody.
  const isByPerson = state === 'disabled_manually'
  const remedy = isByPerson ? undefined : nothingTried(pair, desired, 'its `state` is not declared')
  return { status: 'Degraded', reason, message, remedy }
}

function reasonOfDisabled(state: string): string {
  if (state === 'disabled_inactivity') return 'DisabledByInactivity'
  return state === 'disabled_fork' ? 'DisabledOnFork' : 'DisabledByPerson'
}

function judgeFile(pair: WorkflowPair, desired: DesiredWorkflow): Verdict | undefined {
  const file = pair.observed?.file
  if (!file || file.found === file.wanted || isIgnored(desired, 'source')) return undefined
  if (file.pull?.state === 'open' && file.pull.content === file.wanted) return waitsForMerge(file.pull.number)
  return {
    status: 'Degraded',
    reason: 'FileDrifted',
    message: `${desired.spec.path} on ${branchOf(desired)} differs from its source`,
  }
}

function waitsForMerge(number: number): Verdict {
  return {
    status: 'Progressing',
    reason: 'WaitingForMerge',
    message: `pull request #${number} waits to be merged`,
  }
}

function measure(pair: WorkflowPair, desired: DesiredWorkflow): Readonly<Record<string, number>> {
  const { completed, history } = newestRuns(desired, pair.observed?.runs?.list ?? [])
  if (!completed) return {}
  const green = history.filter(isGreen)
  const flaky = green.filter((run) => run.attempt > 1).length
  return {
    green: isGreen(completed) ? 1 : 0,
    // So that a report counts each run once, however often it was looked at.
    runId: completed.id,
    runSeconds: Math.max(0, Math.round((completed.updatedAt - completed.startedAt) / 1000)),
    runAttempt: completed.attempt,
    /** The share of green runs that needed more than one attempt. */
    flakyPercent: green.length === 0 ? 0 : Math.round((100 * flaky) / green.length),
  }
}

function isGreen(run: WorkflowRun): boolean {
  return run.conclusion === 'success' || run.conclusion === 'neutral'
}

function childrenOf(pair: WorkflowPair, desired: DesiredWorkflow): readonly ChildStatus[] {
  const { completed, underway } = newestRuns(desired, pair.observed?.runs?.list ?? [])
  return [underway, completed]
    .filter((run) => run !== undefined)
    .map((run) => ({
      name: `run ${run.id}`,
      health: run.status !== 'completed' ? 'Progressing' : isGreen(run) ? 'Healthy' : 'Degraded',
      message: run.conclusion ?? run.status,
      details: { attempt: run.attempt, event: run.event, commit: run.headSha.slice(0, 12), url: run.url },
    }))
}

/** Who switched it off, and what had run when it last stood by; unchanged values are not written anew. */
function rememberOf(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
): Readonly<Record<string, unknown>> | undefined {
  const memory = memoryOf(pair.owned)
  const state = pair.observed?.workflow?.state
  if (state === undefined || state === 'unknown') return undefined
  const isOff = state !== 'active'
  const runs = pair.observed?.runs
  const newest = runs ? (runs.list[0]?.id ?? 0) : null
  const isWantedOff = wantedState(pair, desired) === 'disabled'
  // Already before the call: it may be called upon by the next pass, which must know who switched it off.
  if (pair.posture === 'standby') return { disabledByUs: !isIgnored(desired, 'state'), standbyRun: newest }
  // That it was us is written with the act itself: what is off already was switched off by somebody else.
  if (isWantedOff && isOff) return memory.standbyRun === undefined ? undefined : { standbyRun: null }
  if (isWantedOff) return { disabledByUs: false, standbyRun: null }
  // Between the call and the switch it is off, because we had it so.
  if (isOff) return undefined
  const hasRunSince = memory.standbyRun === undefined || (runs !== undefined && newest !== memory.standbyRun)
  if (!memory.disabledByUs && hasRunSince && memory.standbyRun === undefined) return undefined
  return { disabledByUs: false, ...(hasRunSince && { standbyRun: null }) }
}

/** What is open now, or is about to be opened, is looked for until it is not, whatever the manifest says by then. */
function rememberProposals(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
): Readonly<Record<string, unknown>> | undefined {
  if (!pair.observed) return undefined
  const { abandoned, file } = pair.observed
  const wanted = proposalOf(desired)
  const isDue = file !== undefined && (file.pull?.state === 'open' || file.found !== file.wanted)
  const open = [...abandoned, ...(wanted && isDue ? [wanted] : [])]
  if (open.length === 0 && memoryOf(pair.owned).proposals.length === 0) return undefined
  return { proposals: open.map(({ head, base }) => ({ head, base })) }
}
