import type { PullRequest } from '../../clients/github/pull-request.ts'
import type { WorkflowRecord } from '../../clients/github/workflow-record.ts'
import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import type { AcceptedDispatch } from './accepted-dispatches.ts'
import type { Proposal } from './proposal.ts'

/** A workflow as it was seen, with its runs and its file as far as the manifest asks for them. */
export interface ObservedWorkflow {
  /** What GitHub calls the repository, `owner/name`, where that is not what the manifest calls it. */
  readonly movedTo: string | undefined
  /** Undefined: GitHub knows no workflow of that path. */
  readonly workflow: WorkflowRecord | undefined
  /** Undefined: nothing is judged by them. */
  readonly runs: ObservedRuns | undefined
  /** Undefined: it was not seen to run on a schedule, or the repository is private: then no inactivity disables it. */
  readonly lastActivity: number | undefined
  /** Undefined: the manifest names no source. */
  readonly file: ObservedFile | undefined
  /** Open pull requests of ours that the manifest does not ask for any more. */
  readonly abandoned: readonly ObservedPull[]
  /** How much GitHub's clock is ahead of ours, in ms: times of runs are by his. */
  readonly clockAhead: number
}

export interface ObservedRuns {
  /** Of this workflow, on the branch of this repository, of every event; newest first. */
  readonly list: readonly WorkflowRun[]
  /**
   * Where no completed run that counts is in `list`: those that were made before were not looked through, by GitHub's
   * clock; undefined: all were.
   */
  readonly reach: number | undefined
  /** Of `list` being empty or without a completed run: whether two readings, some time apart, agree on it. */
  readonly isConfirmed: boolean
  /** Dispatches that GitHub took and whose outcome is open still, oldest first. */
  readonly accepted: readonly ObservedDispatch[]
  /** When it was asked for, epoch milliseconds by our own clock. */
  readonly readAt: number
  /** Of the newest completed run, where it failed. */
  readonly failure: RunFailure | undefined
  /** What the branch points at now; undefined: not read, because nothing failed. */
  readonly headSha: string | undefined
}

/** A dispatch that GitHub took, and whether its run, where he named it, is there. */
export interface ObservedDispatch extends AcceptedDispatch {
  readonly isThere: boolean
}

/** What failed in a run. */
export interface RunFailure {
  readonly runId: number
  readonly attempt: number
  /** How many jobs it had; 0: GitHub could not read the file. */
  readonly jobs: number
  readonly job: string | undefined
  readonly step: string | undefined
}

export interface ObservedFile {
  /** git's name of the content that is wanted. */
  readonly wanted: string
  /** Of the content on the branch; undefined: no such file. */
  readonly found: string | undefined
  /** The repository's default branch, which is asked for where GitHub does not list the workflow of the file that is there. */
  readonly defaultBranch?: string | undefined
  /** Of the content that we committed or proposed last, whatever became of it since; undefined: it is not known. */
  readonly delivered?: string | undefined
  /** The newest pull request of our own branch for this file; undefined: none, or not asked for. */
  readonly pull: ObservedPull | undefined
}

/** A pull request of our own. */
export interface ObservedPull extends PullRequest, Proposal {
  /** git's name of the content that it proposes; undefined: it does not say. */
  readonly content: string | undefined
}
