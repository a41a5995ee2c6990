import type { GithubClient } from '../../clients/github/client.ts'
import { type Repository, repositoryOf } from '../../clients/github/repository.ts'
import type { WorkflowRecord } from '../../clients/github/workflow-record.ts'
import { compareRuns, type WorkflowRun } from '../../clients/github/workflow-run.ts'

/** What two calls say of a whole repository. */
export interface RepositoryReading {
  readonly workflows: readonly WorkflowRecord[]
  /** The repository by the name that GitHub knows it by now: an old one leads to it. */
  readonly repository: Repository
  /** That name, `owner/name`, where it is another one than the asked one. */
  readonly movedTo: string | undefined
  /** Newest first, of all workflows; undefined: nobody asked for them. */
  readonly runs: readonly WorkflowRun[] | undefined
  /** Whether there are runs beyond those. */
  readonly hasMoreRuns: boolean
  /** When they were asked for, epoch milliseconds by our own clock. */
  readonly readAt: number
}

/** Reads a repository, its runs only where something is judged by them. */
export async function readRepository(
  github: GithubClient,
  asked: { readonly name: string; readonly withRuns: boolean; readonly now: number },
  signal: AbortSignal,
): Promise<RepositoryReading> {
  const repository = repositoryOf(asked.name)
  const [workflows, page] = await Promise.all([
    github.listWorkflows(repository, signal),
    asked.withRuns ? github.listRuns(repository, signal) : undefined,
  ])
  const told = workflows.find((workflow) => workflow.repository !== undefined)?.repository
  const movedTo = told?.toLowerCase() === asked.name.toLowerCase() ? undefined : told
  return {
    workflows,
    repository: movedTo === undefined ? repository : repositoryOf(movedTo),
    movedTo,
    runs: page && [...page.runs].sort(compareRuns),
    hasMoreRuns: page?.isLast === false,
    readAt: asked.now,
  }
}

/**
 * When something was committed to the repository last, epoch milliseconds, as far as its runs tell; undefined where a
 * workflow is not disabled for inactivity: it was not seen to run on a schedule, or the repository is private.
 */
export function lastActivityOf({ runs = [] }: RepositoryReading, workflowId: number): number | undefined {
  const isScheduled = runs.some((run) => run.workflowId === workflowId && run.event === 'schedule')
  if (!isScheduled || runs.some(({ isPrivate }) => isPrivate)) return undefined
  const commits = runs
    .filter(({ isOwnBranch }) => isOwnBranch)
    .flatMap(({ committedAt }) => (committedAt === undefined ? [] : [committedAt]))
  return commits.length === 0 ? undefined : Math.max(...commits)
}
