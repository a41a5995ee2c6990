/** How far a run is; `unknown`: a word that we do not know, from which nothing is concluded. */
export type RunStatus = 'queued' | 'running' | 'waiting' | 'completed' | 'unknown'

/** How a run ended. GitHub declares plain strings (and its own enum lacks startup_failure): a closed list of our own. */
export type RunConclusion =
  | 'action_required'
  | 'cancelled'
  | 'failure'
  | 'neutral'
  | 'skipped'
  | 'stale'
  | 'startup_failure'
  | 'success'
  | 'timed_out'
  | 'unknown'

/** One run of a workflow, with what is decided by; it keeps its id when it is run again. Times in epoch milliseconds. */
export interface WorkflowRun {
  readonly id: number
  readonly workflowId: number
  /** From 1; each rerun adds one. */
  readonly attempt: number
  readonly event: string
  /** Undefined: none, as for some events of forks. */
  readonly branch: string | undefined
  readonly headSha: string
  /** Whether the branch is one of the repository itself: a fork's `main` is not ours. */
  readonly isOwnBranch: boolean
  readonly status: RunStatus
  /** Undefined: not completed. */
  readonly conclusion: RunConclusion | undefined
  /** Of the first attempt: what GitHub's 30 days count from. */
  readonly createdAt: number
  /** Of this attempt: a rerun resets it. */
  readonly startedAt: number
  readonly updatedAt: number
  /** When the commit that it ran on was made: a sign of activity in the repository. */
  readonly committedAt: number | undefined
  readonly isPrivate: boolean
  /** Where a person looks at it. */
  readonly url: string
}

const statuses: Readonly<Record<string, RunStatus>> = Object.freeze({
  completed: 'completed',
  in_progress: 'running',
  queued: 'queued',
  requested: 'queued',
  pending: 'queued',
  waiting: 'waiting',
  // Older runs of environments with protection say so.
  action_required: 'waiting',
})

const conclusions: ReadonlySet<string> = new Set<RunConclusion>([
  'action_required',
  'cancelled',
  'failure',
  'neutral',
  'skipped',
  'stale',
  'startup_failure',
  'success',
  'timed_out',
])

/** GitHub's word for the status in ours. */
export function runStatusOf(word: unknown): RunStatus {
  return (typeof word === 'string' ? statuses[word] : undefined) ?? 'unknown'
}

/** GitHub's word for how a run ended in ours; undefined where it has not. */
export function runConclusionOf(word: unknown): RunConclusion | undefined {
  if (word === null || word === undefined) return undefined
  return typeof word === 'string' && conclusions.has(word) ? (word as RunConclusion) : 'unknown'
}

/** Newest first: by the time of the first attempt, and by id where that is the same. */
export function compareRuns(a: WorkflowRun, b: WorkflowRun): number {
  return b.createdAt - a.createdAt || b.id - a.id
}
