import type { GithubClient } from '../../clients/github/client.ts'
import { repositoryOf } from '../../clients/github/repository.ts'
import type { WorkflowRecord } from '../../clients/github/workflow-record.ts'
import { compareRuns, type WorkflowRun } from '../../clients/github/workflow-run.ts'

/** What two calls say of a whole repository. */
export interface RepositoryReading {
  readonly workflows: readonly WorkflowRecord[]
  /** Newest first, of all workflows; undefined: nobody asked for them. */
  readonly runs: readonly WorkflowRun[] | undefined
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
  const [workflows, runs] = await Promise.all([
    github.listWorkflows(repository, signal),
    asked.withRuns ? github.listRuns(repository, signal) : undefined,
  ])
  return { workflows, runs: runs && [...runs].sort(compareRuns), readAt: asked.now }
}
