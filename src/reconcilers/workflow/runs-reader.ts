import type { GithubClient } from '../../clients/github/client.ts'
import { type Repository, repositoryOf } from '../../clients/github/repository.ts'
import { compareRuns, type WorkflowRun } from '../../clients/github/workflow-run.ts'
import { ReconcileError } from '../../core/errors.ts'
import { newestRuns, ownRuns } from './newest-run.ts'
import type { ObservedRuns, RunFailure } from './observed.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'
import type { RepositoryReading } from './repository-reading.ts'
import { isOlder, type SeenRuns, type SeenRunsLog } from './seen-runs.ts'

/** Milliseconds that two readings without a run must lie apart to be believed: the index behind lists lags. */
const witnessGap = 5_000

const failedConclusions: ReadonlySet<unknown> = new Set(['failure', 'timed_out'])

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
    const own = (runs: readonly WorkflowRun[]) =>
      ownRuns(runs, desired).filter((run) => run.workflowId === workflowId)
    let list: readonly WorkflowRun[] = own(reading.runs ?? [])
    if (!newestRuns(desired, list).completed) {
      const further = own(await this.#github.listRunsOf(repository, workflowId, signal))
      list = merge(list, further)
    }
    await this.#assertNotOlder(repository, list, seen, signal)
    const { completed } = newestRuns(desired, list)
    const failure = completed && (await this.#failureOf(repository, completed, seen, signal))
    const headSha =
      completed && failedConclusions.has(completed.conclusion) && isActedUpon(desired)
        ? await this.#github.headOf(repository, branch, signal)
        : undefined
    const emptySince = completed ? undefined : (seen.emptySince ?? reading.readAt)
    this.#seen.set(key, { newest: newestOf(list), emptySince, failure: failure ?? seen.failure })
    return {
      list,
      isConfirmed: completed !== undefined || reading.readAt - (emptySince ?? reading.readAt) >= witnessGap,
      readAt: reading.readAt,
      failure,
      headSha,
    }
  }

  /** An older answer is no answer, unless what it lacks was deleted: GitHub is asked for that very run. */
  async #assertNotOlder(
    repository: Repository,
    list: readonly WorkflowRun[],
    seen: SeenRuns,
    signal: AbortSignal,
  ): Promise<void> {
    if (!seen.newest || !isOlder(list, seen)) return
    if (!(await this.#github.getRun(repository, seen.newest.id, signal))) return
    throw new ReconcileError(
      'RemoteAnswerInvalid',
      `GitHub's list of runs is older than what he said before: it lacks run ${seen.newest.id}`,
    )
  }

  async #failureOf(
    repository: Repository,
    run: WorkflowRun,
    seen: SeenRuns,
    signal: AbortSignal,
  ): Promise<RunFailure | undefined> {
    if (!failedConclusions.has(run.conclusion)) return undefined
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

function merge(a: readonly WorkflowRun[], b: readonly WorkflowRun[]): readonly WorkflowRun[] {
  const byId = new Map([...a, ...b].map((run) => [run.id, run]))
  return [...byId.values()].sort(compareRuns)
}

function newestOf(list: readonly WorkflowRun[]): SeenRuns['newest'] {
  const [first] = list
  return first && { id: first.id, createdAt: first.createdAt }
}
