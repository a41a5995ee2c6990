import type { GithubClient } from '../../clients/github/client.ts'
import { repositoryOf } from '../../clients/github/repository.ts'
import type { WorkflowRecord } from '../../clients/github/workflow-record.ts'
import { compareRuns, type WorkflowRun } from '../../clients/github/workflow-run.ts'

/** What two calls say of a whole repository. */
export interface RepositoryReading {
  readonly workflows: readonly WorkflowRecord[]
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
  return {
    workflows,
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
