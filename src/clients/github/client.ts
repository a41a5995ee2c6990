import type { PullRequest } from './pull-request.ts'
import type { Repository } from './repository.ts'
import type { WorkflowRecord } from './workflow-record.ts'
import type { WorkflowRun } from './workflow-run.ts'

/**
 * GitHub as this program uses it. Reads are asked with ETags and may be repeated; writes are sent once, and where
 * their answer is lost they reject with `OutcomeUnknown`. Every call has a deadline.
 */
export interface GithubClient {
  /**
   * The same client for what a write is decided on: reads ask GitHub anew, without an ETag, and use what is kept for
   * writes, because without them there is no write.
   */
  readonly forWriting: GithubClient
  /** The branch that scheduled and new workflows run on. */
  defaultBranchOf(repository: Repository, signal: AbortSignal): Promise<string>
  /** All workflows of a repository. */
  listWorkflows(repository: Repository, signal: AbortSignal): Promise<readonly WorkflowRecord[]>
  /** One workflow by the name of its file; undefined: there is none, and the repository can be seen. */
  findWorkflow(
    repository: Repository,
    fileName: string,
    signal: AbortSignal,
  ): Promise<WorkflowRecord | undefined>
  /**
   * The newest 100 runs of a repository, unfiltered: filtered lists come from a search index that lags or lies
   * (cli/cli#5440, #7341).
   */
  listRuns(repository: Repository, signal: AbortSignal): Promise<RunsPage>
  /**
   * Runs of one workflow, unfiltered but for that: the newest 30, or a page of 100 by its number, which is from 1.
   */
  listRunsOf(
    repository: Repository,
    asked: { readonly workflowId: number; readonly page?: number },
    signal: AbortSignal,
  ): Promise<RunsPage>
  /** One run, never from a list; undefined: it was deleted. */
  getRun(repository: Repository, runId: number, signal: AbortSignal): Promise<WorkflowRun | undefined>
  /** The jobs of one attempt of a run. */
  listJobs(
    repository: Repository,
    run: { readonly id: number; readonly attempt: number },
    signal: AbortSignal,
  ): Promise<readonly Job[]>
  /** The log of one job, as text; undefined: GitHub keeps none (any more). */
  readJobLog(repository: Repository, jobId: number, signal: AbortSignal): Promise<string | undefined>
  /** What a branch points at; undefined: there is no such branch. */
  headOf(repository: Repository, branch: string, signal: AbortSignal): Promise<string | undefined>
  /** git's name of a file's content on a branch; undefined: no such file. */
  findFile(
    repository: Repository,
    file: { readonly path: string; readonly branch: string },
    signal: AbortSignal,
  ): Promise<string | undefined>
  /** The newest pull request from a branch of the repository itself into another; undefined: none. */
  findPull(
    repository: Repository,
    pull: { readonly head: string; readonly base: string },
    signal: AbortSignal,
  ): Promise<PullRequest | undefined>

  enableWorkflow(repository: Repository, workflowId: number, signal: AbortSignal): Promise<void>
  disableWorkflow(repository: Repository, workflowId: number, signal: AbortSignal): Promise<void>
  rerun(
    repository: Repository,
    run: { readonly id: number; readonly failedOnly: boolean },
    signal: AbortSignal,
  ): Promise<void>
  /** Starts a run; its id where GitHub tells it (older Enterprise does not), else undefined. */
  dispatch(
    repository: Repository,
    run: {
      readonly workflowId: number
      readonly branch: string
      readonly inputs: Readonly<Record<string, string>>
    },
    signal: AbortSignal,
  ): Promise<number | undefined>
  /** Writes a file. `replaces` is git's name of what it replaces: anything else there is a refusal. */
  putFile(
    repository: Repository,
    file: {
      readonly path: string
      readonly branch: string
      readonly content: Uint8Array
      readonly replaces: string | undefined
      readonly message: string
    },
    signal: AbortSignal,
  ): Promise<void>
  /** Makes a branch at a commit; one that exists is moved there, whatever it held. */
  placeBranch(
    repository: Repository,
    branch: { readonly name: string; readonly at: string },
    signal: AbortSignal,
  ): Promise<void>
  /** Deletes a branch, with which GitHub closes its pull requests; one that is gone is fine. */
  deleteBranch(repository: Repository, name: string, signal: AbortSignal): Promise<void>
  /** Opens a pull request; one of these branches that is open is fine. */
  openPull(
    repository: Repository,
    pull: {
      readonly head: string
      readonly base: string
      readonly title: string
      readonly body: string
    },
    signal: AbortSignal,
  ): Promise<void>
  updatePull(
    repository: Repository,
    pull: { readonly number: number; readonly body?: string; readonly state?: 'closed' },
    signal: AbortSignal,
  ): Promise<void>

  /** How much GitHub's clock is ahead of ours, in ms, by his last answer. */
  readonly clockAhead: number
  /** Calls that counted against the limit, and how many are left; undefined: not told yet. */
  readonly used: number
  readonly remaining: number | undefined
  /** Keeps what was read for the next start. */
  save(): Promise<void>
  close(): Promise<void>
}

/** A part of a list of runs. */
export interface RunsPage {
  readonly runs: readonly WorkflowRun[]
  /** Whether there are none beyond it. */
  readonly isLast: boolean
}

/** One job of a run. */
export interface Job {
  readonly id: number
  readonly name: string
  readonly hasFailed: boolean
  /** In their order. */
  readonly failedSteps: readonly JobStep[]
}

/** A step of a job; times in epoch milliseconds, of whole seconds; undefined: not told. */
export interface JobStep {
  readonly name: string
  readonly startedAt: number | undefined
  readonly completedAt: number | undefined
}
