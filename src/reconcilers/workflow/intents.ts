import type { Intent } from '../../core/intent.ts'
import type { ObservedWorkflow } from './observed.ts'
import type { WorkflowPair } from './pair.ts'

/**
 * Milliseconds: how long a list of runs may lag behind a dispatch, at the very worst. Unfiltered lists follow within
 * seconds; after this a list without the run says that the dispatch never happened.
 */
const longestLag = 120_000

/** Milliseconds: times of runs are whole seconds, and our measure of GitHub's clock is one request wide. */
const clockTolerance = 3_000

/** What became of the dispatches whose outcome is open. */
export interface DispatchFate {
  /** Ids of those that the world has shown: their run is there, or it will never come. */
  readonly resolved: readonly string[]
  readonly open: readonly Intent[]
}

/** Looks for what each dispatch left in the list of runs: a run stands for one dispatch at most. */
export function fateOfDispatches({ unconfirmed, observed }: WorkflowPair): DispatchFate {
  const intents = unconfirmed.filter((intent) => !intent.repeatable).sort((a, b) => a.at - b.at)
  const claimed = new Set<number>()
  const resolved: string[] = []
  const open: Intent[] = []
  for (const intent of intents) {
    const run = observed && runOf(intent, observed, claimed)
    if (run !== undefined) claimed.add(run)
    if (run !== undefined || isTooOld(intent, observed)) resolved.push(intent.intentId)
    else open.push(intent)
  }
  return { resolved, open }
}

function runOf(
  intent: Intent,
  { runs, clockAhead }: ObservedWorkflow,
  claimed: ReadonlySet<number>,
): number | undefined {
  const earliest = intent.at + clockAhead - clockTolerance
  const found = runs?.list.findLast(
    (run) => run.event === 'workflow_dispatch' && run.createdAt >= earliest && !claimed.has(run.id),
  )
  return found?.id
}

function isTooOld(intent: Intent, observed: ObservedWorkflow | undefined): boolean {
  return observed?.runs !== undefined && observed.runs.readAt - intent.at > longestLag
}
