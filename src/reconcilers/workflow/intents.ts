import type { Duration } from '../../core/duration.ts'
import type { ObservedDispatch, ObservedRuns, ObservedWorkflow } from './observed.ts'
import type { WorkflowPair } from './pair.ts'

/**
 * Milliseconds: how long a list of runs may lag behind a dispatch, at the very worst. Unfiltered lists follow within
 * seconds; after this a list without the run says that a dispatch which GitHub need not have got never happened.
 */
const longestLag: Duration = 120_000

/**
 * Milliseconds for which a dispatch that GitHub took is believed in without its run. When Actions has an incident runs are
 * late by hours; each dispatch more would be one more run at its end.
 */
const longestDelay: Duration = 21_600_000

/** Milliseconds: times of runs are whole seconds, and our measure of GitHub's clock is one request wide. */
const clockTolerance: Duration = 3_000

/** A dispatch whose run was not seen yet. */
export interface OpenDispatch {
  /** When it was sent, epoch milliseconds. */
  readonly at: number
  /** Whether GitHub took it, so that its run is late, and not perhaps none. */
  readonly isAccepted: boolean
  /** For how long it is believed in, from `at`. */
  readonly patience: Duration
}

/** What became of the dispatches whose outcome is open. */
export interface DispatchFate {
  /** Ids of those that the world has shown: their run is there, or it will never come. */
  readonly resolved: readonly string[]
  /** Oldest first. */
  readonly open: readonly OpenDispatch[]
}

/** Whether the run should have been seen long ago. */
export function isLate({ at }: OpenDispatch, now: number): boolean {
  return now - at > longestLag
}

/** Looks for what each dispatch left: the run that GitHub named, or one of the list, which stands for one at most. */
export function fateOfDispatches({ unconfirmed, observed }: WorkflowPair): DispatchFate {
  const intents = unconfirmed.filter((intent) => !intent.repeatable).sort((a, b) => a.at - b.at)
  const runs = observed?.runs
  const claimed = new Set(runs?.accepted.flatMap(({ run }) => run ?? []))
  const resolved: string[] = []
  const open: OpenDispatch[] = []
  for (const [index, { intentId, at }] of intents.entries()) {
    const accepted = runs && answerTo(at, intents[index + 1]?.at, runs)
    const patience = accepted ? longestDelay : longestLag
    const run = accepted?.run === undefined ? observed && runSince(at, observed, claimed) : undefined
    if (run !== undefined) claimed.add(run)
    const isSeen = run !== undefined || accepted?.isThere === true
    const isOver = runs !== undefined && runs.readAt - at > patience
    if (isSeen || isOver) resolved.push(intentId)
    else open.push({ at, isAccepted: accepted !== undefined, patience })
  }
  return { resolved, open }
}

/** What GitHub said to the dispatch of that time: before the next one was sent. */
function answerTo(
  at: number,
  next: number | undefined,
  { accepted }: ObservedRuns,
): ObservedDispatch | undefined {
  return accepted.find((one) => one.at >= at && (next === undefined || one.at < next))
}

function runSince(
  at: number,
  { runs, clockAhead }: ObservedWorkflow,
  claimed: ReadonlySet<number>,
): number | undefined {
  const earliest = at + clockAhead - clockTolerance
  const found = runs?.list.findLast(
    (run) => run.event === 'workflow_dispatch' && run.createdAt >= earliest && !claimed.has(run.id),
  )
  return found?.id
}
