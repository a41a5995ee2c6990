import type { GithubClient } from '../../clients/github/client.ts'
import { type Repository, repositoryOf } from '../../clients/github/repository.ts'
import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import { ReconcileError } from '../../core/errors.ts'
import { newestRuns } from './newest-run.ts'
import type { ObservedRuns, RunFailure } from './observed.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'
import { hasRemedy } from './remedy.ts'
import type { RepositoryReading } from './repository-reading.ts'
import { searchRuns } from './runs-search.ts'
import { missedBy, type SeenRun, type SeenRuns, type SeenRunsLog, seenRunOf } from './seen-runs.ts'

/** Milliseconds that two readings without a run must lie apart to be believed: the index behind lists lags. */
const witnessGap = 5_000

/** Those of which a job tells what failed; a run that could not start has none. */
const namedByJobs: ReadonlySet<unknown> = new Set(['failure', 'timed_out'])

/** Reads what is judged of one workflow's runs: from the repository's page, and further only where that is not enough. */
export class RunsReader {
  readonly #github: GithubClient
  readonly #seen: SeenRunsLog

  constructor(github: GithubClient, seen: SeenRunsLog) {
    this.#github = github
    this.#seen = seen
  }

  async read(
    desired: DesiredWorkflow,
    asked: { readonly workflowId: number; readonly reading: RepositoryReading },
    signal: AbortSignal,
  ): Promise<ObservedRuns> {
    const { workflowId, reading } = asked
    const branch = branchOf(desired)
    const repository = repositoryOf(desired.spec.repository)
    const key = `${desired.spec.repository.toLowerCase()}/${workflowId}/${branch}`
    const seen = await this.#seen.get(key)
    const first = { runs: reading.runs ?? [], isLast: !reading.hasMoreRuns }
    const found = await searchRuns(this.#github, { desired, workflowId, first, seen }, signal)
    const { list, reach, lookedUntil } = found
    const { completed } = newestRuns(desired, list)
    await this.#assertNotOlder(repository, missedBy({ list, completed, reach }, seen), signal)
    const failure = completed && (await this.#failureOf(repository, completed, seen, signal))
    const headSha =
      completed && hasRemedy(completed.conclusion) && isActedUpon(desired)
        ? await this.#github.headOf(repository, branch, signal)
        : undefined
    const emptySince = completed ? undefined : (seen.emptySince ?? reading.readAt)
    this.#seen.set(key, {
      newest: list[0] && seenRunOf(list[0]),
      // One that is run again is none to judge by, and is still the one that is waited for.
      judged: completed
        ? seenRunOf(completed)
        : list.some(({ id }) => id === seen.judged?.id)
          ? seen.judged
          : undefined,
      lookedUntil,
      emptySince,
      failure: failure ?? seen.failure,
    })
    return {
      list,
      reach: completed ? undefined : reach,
      isConfirmed: completed !== undefined || reading.readAt - (emptySince ?? reading.readAt) >= witnessGap,
      readAt: reading.readAt,
      failure,
      headSha,
    }
  }

  /**
   * An older answer is no answer, unless what it lacks was deleted: GitHub is asked for that very run. That he shows this
   * one as it was, too, makes it no newer.
   */
  async #assertNotOlder(
    repository: Repository,
    missed: SeenRun | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (!missed) return
    if (!(await this.#github.getRun(repository, missed.id, signal))) return
    const attempt = missed.attempt > 1 ? `, attempt ${missed.attempt}` : ''
    throw new ReconcileError(
      'RemoteAnswerInvalid',
      `GitHub's list of runs is older than what he said before: it lacks run ${missed.id}${attempt}`,
    )
  }

  async #failureOf(
    repository: Repository,
    run: WorkflowRun,
    seen: SeenRuns,
    signal: AbortSignal,
  ): Promise<RunFailure | undefined> {
    if (!namedByJobs.has(run.conclusion)) return undefined
    if (seen.failure?.runId === run.id && seen.failure.attempt === run.attempt) return seen.failure
    const jobs = await this.#github.listJobs(repository, run, signal)
    const failed = jobs.find((job) => job.hasFailed)
    return {
      runId: run.id,
      attempt: run.attempt,
      jobs: jobs.length,
      job: failed?.name,
      step: failed?.failedSteps[0]?.name,
    }
  }
}

function isActedUpon({ spec }: DesiredWorkflow): boolean {
  return (spec.green?.onFailure ?? 'none') !== 'none'
}
