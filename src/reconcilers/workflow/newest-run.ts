import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'

/** Runs of other people's proposals say nothing of the branch; counted only where they are named. */
const proposalEvents: ReadonlySet<string> = new Set([
  'pull_request',
  'pull_request_target',
  'pull_request_review',
  'pull_request_review_comment',
  'merge_group',
])

const defaultIgnored: readonly string[] = ['cancelled', 'skipped']

/** The runs that health is judged by. */
export interface NewestRuns {
  /** The newest completed one that counts. */
  readonly completed: WorkflowRun | undefined
  /** The newest one on its way that is newer than that. */
  readonly underway: WorkflowRun | undefined
  /** All that count and are completed, newest first. */
  readonly history: readonly WorkflowRun[]
}

/** Those on the declared branch of the repository itself: a fork's `main` is not ours. */
export function ownRuns(runs: readonly WorkflowRun[], desired: DesiredWorkflow): readonly WorkflowRun[] {
  const branch = branchOf(desired)
  return runs.filter((run) => run.branch === branch && run.isOwnBranch)
}

/** Whether a run on the branch is one of the branch's own, and not of a proposal that nobody named. */
export function speaksOfBranch({ event }: WorkflowRun, { spec }: DesiredWorkflow): boolean {
  return !proposalEvents.has(event) || spec.green?.events?.includes(event) === true
}

/** Chooses from runs, newest first, those that the manifest counts. */
export function newestRuns(desired: DesiredWorkflow, runs: readonly WorkflowRun[]): NewestRuns {
  return newestRunsOf(runs, desired.spec.green)
}

/** The same for a `green` that need not be of a manifest yet. */
export function newestRunsOf(
  runs: readonly WorkflowRun[],
  { events, ignoreConclusions }: NonNullable<DesiredWorkflow['spec']['green']> = {},
): NewestRuns {
  const ignored: readonly string[] = ignoreConclusions ?? defaultIgnored
  const counted = runs.filter((run) => (events ? events.includes(run.event) : !proposalEvents.has(run.event)))
  const history = counted.filter(
    (run) => run.status === 'completed' && !ignored.includes(run.conclusion ?? ''),
  )
  const [completed] = history
  const [newest] = counted.filter((run) => run.status !== 'completed')
  // A run that is run again is underway under its old number, and takes the place of its own last end.
  const isNewer = newest && (!completed || runs.indexOf(newest) < runs.indexOf(completed))
  return { completed, underway: isNewer ? newest : undefined, history }
}
