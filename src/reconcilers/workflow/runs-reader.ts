import type { GithubClient } from '../../clients/github/client.ts'
import { type Repository, repositoryOf } from '../../clients/github/repository.ts'
import type { WorkflowRun } from '../../clients/github/workflow-run.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Wanted } from '../../core/reconciler.ts'
import type { AcceptedDispatches } from './accepted-dispatches.ts'
import { newestRuns, ownRuns } from './newest-run.ts'
import type { ObservedRuns, RunFailure } from './observed.ts'
import { branchOf, type DesiredWorkflow, externalNameOf } from './place.ts'
import { hasRemedy } from './remedy.ts'
import type { RepositoryReading } from './repository-reading.ts'
import { mergeRuns, searchRuns } from './runs-search.ts'
import { missedBy, type SeenRun, type SeenRuns, type SeenRunsLog, seenRunOf } from './seen-runs.ts'
import type { WorkflowSpec } from './spec.generated.ts'

/** Milliseconds that two readings without a run must lie apart to be believed: the index behind lists lags. */
const witnessGap = 5_000

/** Those of which a job tells what failed; a run that could not start has none. */
const namedByJobs: ReadonlySet<unknown> = new Set(['failure', 'timed_out'])

/** Reads what is judged of one workflow's runs: from the repository's page, and further only where that is not enough. */
export class RunsReader {
  readonly #github: GithubClient
  readonly #seen: SeenRunsLog
  readonly #accepted: AcceptedDispatches

  constructor(
    github: GithubClient,
    known: { readonly seen: SeenRunsLog; readonly accepted: AcceptedDispatches },
  ) {
    this.#github = github
    this.#seen = known.seen
    this.#accepted = known.accepted
  }

  async read(
    { unconfirmed }: Pick<Wanted<WorkflowSpec>, 'unconfirmed'>,
    asked: {
      readonly desired: DesiredWorkflow
      readonly workflowId: number
      readonly reading: RepositoryReading
    },
    signal: AbortSignal,
  ): Promise<ObservedRuns> {
    const { desired, workflowId, reading } = asked
    const branch = branchOf(desired)
    const repository = repositoryOf(desired.spec.repository)
    const key = `${desired.spec.repository.toLowerCase()}/${workflowId}/${branch}`
    const seen = await this.#seen.get(key)
    const first = { runs: reading.runs ?? [], isLast: !reading.hasMoreRuns }
    const found = await searchRuns(this.#github, { desired, workflowId, first, seen }, signal)
    const { reach, lookedUntil } = found
    const isAwaited = unconfirmed.some((intent) => !intent.repeatable)
    const accepted = isAwaited ? await this.#readAccepted(desired, found.list, signal) : []
    const list = mergeRuns(
      found.list,
      ownRuns(
        accepted.flatMap(({ found: run }) => run ?? []),
        desired,
      ),
    )
    const { completed } = newestRuns(desired, list)
    await this.#assertNotOlder(repository, missedBy({ list, completed, reach }, seen), signal)
    const failure = completed && (await this.#failureOf(repository, completed, seen, signal))
    const headSha =
      completed && hasRemedy(completed.conclusion) && isActedUpon(desired)
        ? await this.#github.headOf(repository, branch, signal)
        : undefined
    // Never later than now: the clock may have been set back.
    const emptySince = completed ? undefined : Math.min(seen.emptySince ?? reading.readAt, reading.readAt)
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
      accepted: accepted.map(({ at, run, isThere }) => ({ at, run, isThere })),
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

  /** Of a dispatch that is named a run the run itself tells: in a list it may be late, or behind many others. */
  async #readAccepted(desired: DesiredWorkflow, list: readonly WorkflowRun[], signal: AbortSignal) {
    const repository = repositoryOf(desired.spec.repository)
    return Promise.all(
      (await this.#accepted.of(externalNameOf(desired))).map(async ({ at, run }) => {
        const isListed = list.some(({ id }) => id === run)
        const found =
          run === undefined || isListed ? undefined : await this.#github.getRun(repository, run, signal)
        return { at, run, found, isThere: isListed || found !== undefined }
      }),
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
