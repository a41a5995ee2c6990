import type { GithubClient, RunsPage } from './client.ts'
import {
  parseDefaultBranch,
  parseFile,
  parseJobs,
  parseLog,
  parsePulls,
  parseRef,
  parseRun,
  parseRuns,
  parseWorkflow,
  parseWorkflows,
} from './parse.ts'
import { nameOfRepository, type Repository } from './repository.ts'
import type { Read, Requester } from './requester.ts'

/** Items on one page; GitHub's most. */
const pageSize = 100
/** Runs of one workflow that are asked for first: nearly always enough, and a third of a page's weight. */
const firstRuns = 30
/** More pages than any repository has of workflows, or any run of jobs. */
const maxPages = 20

type Reads = Pick<
  GithubClient,
  | 'defaultBranchOf'
  | 'listWorkflows'
  | 'findWorkflow'
  | 'listRuns'
  | 'listRunsOf'
  | 'getRun'
  | 'listJobs'
  | 'readJobLog'
  | 'headOf'
  | 'findFile'
  | 'findPull'
>

/** What is read of GitHub, for its own sake or for a write that is decided on it. */
export class GithubReads implements Reads {
  readonly #requester: Requester
  readonly #isForWrite: boolean

  constructor(requester: Requester, isForWrite: boolean) {
    this.#requester = requester
    this.#isForWrite = isForWrite
  }

  defaultBranchOf(repository: Repository, signal: AbortSignal) {
    return this.#read({
      what: `read the repository ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}',
      parameters: { ...repository },
      parse: parseDefaultBranch,
      signal,
    })
  }

  listWorkflows(repository: Repository, signal: AbortSignal) {
    return this.#readPages({
      what: `list the workflows of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/workflows',
      parameters: { ...repository },
      parse: parseWorkflows,
      signal,
    })
  }

  findWorkflow(repository: Repository, fileName: string, signal: AbortSignal) {
    return this.#find({
      what: `read the workflow ${fileName} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}',
      parameters: { ...repository, workflow_id: fileName },
      parse: parseWorkflow,
      signal,
      isFresh: true,
    })
  }

  listRuns(repository: Repository, signal: AbortSignal) {
    return this.#readRuns(pageSize, {
      what: `list the runs of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/runs',
      parameters: { ...repository },
      signal,
    })
  }

  listRunsOf(
    repository: Repository,
    { workflowId, page }: { readonly workflowId: number; readonly page?: number },
    signal: AbortSignal,
  ) {
    return this.#readRuns(page === undefined ? firstRuns : pageSize, {
      what: `list the runs of workflow ${workflowId} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs',
      parameters: { ...repository, workflow_id: workflowId, ...(page !== undefined && page > 1 && { page }) },
      signal,
    })
  }

  getRun(repository: Repository, runId: number, signal: AbortSignal) {
    return this.#find({
      what: `read run ${runId} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      parameters: { ...repository, run_id: runId },
      parse: parseRun,
      signal,
      isDetail: true,
    })
  }

  listJobs(
    repository: Repository,
    run: { readonly id: number; readonly attempt: number },
    signal: AbortSignal,
  ) {
    return this.#readPages({
      what: `list the jobs of run ${run.id} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs',
      parameters: { ...repository, run_id: run.id, attempt_number: run.attempt },
      parse: parseJobs,
      signal,
      // Of an attempt that has ended they are asked once, and would fill the state.
      isFresh: true,
      isDetail: true,
    })
  }

  readJobLog(repository: Repository, jobId: number, signal: AbortSignal) {
    // Answered with a redirect to a store of another host, which gets no credential.
    return this.#find({
      what: `read the log of job ${jobId} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs',
      parameters: { ...repository, job_id: jobId },
      parse: parseLog,
      signal,
      isFresh: true,
    })
  }

  headOf(repository: Repository, branch: string, signal: AbortSignal) {
    return this.#find({
      what: `read branch ${branch} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/git/ref/{ref}',
      parameters: { ...repository, ref: `heads/${branch}` },
      parse: parseRef,
      signal,
      isDetail: true,
    })
  }

  findFile(
    repository: Repository,
    file: { readonly path: string; readonly branch: string },
    signal: AbortSignal,
  ) {
    return this.#find({
      what: `read ${file.path} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/contents/{path}',
      parameters: { ...repository, path: file.path, ref: file.branch },
      parse: parseFile,
      signal,
    })
  }

  async findPull(
    repository: Repository,
    { head, base }: { readonly head: string; readonly base: string },
    signal: AbortSignal,
  ) {
    const pulls = await this.#read({
      what: `list the pull requests from ${head} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/pulls',
      parameters: {
        ...repository,
        head: `${repository.owner}:${head}`,
        base,
        state: 'all',
        sort: 'created',
        direction: 'desc',
        per_page: 5,
      },
      parse: parsePulls,
      signal,
    })
    // A filter that GitHub does not understand he drops, and what is found here may be closed with its branch.
    const asked = pulls.filter((pull) => pull.head === head && pull.base === base && pull.isOfOneRepository)
    return asked.find((pull) => pull.state === 'open') ?? asked[0]
  }

  #read<T>(read: Read<T>): Promise<T> {
    return this.#requester.read({ ...read, isForWrite: this.#isForWrite })
  }

  /** Lists come in pages; their total_count cannot be relied on, and a page that is not full is the last. */
  async #readPages<T>(read: Read<readonly T[]>): Promise<readonly T[]> {
    const all: T[] = []
    for (let page = 1; page <= maxPages; page += 1) {
      const list = await this.#read({
        ...read,
        parameters: { ...read.parameters, per_page: pageSize, ...(page > 1 && { page }) },
      })
      all.push(...list)
      if (list.length < pageSize) break
    }
    return all
  }

  /** A page that is not full is the last: the total that GitHub tells cannot be relied on. */
  async #readRuns(size: number, read: Omit<Read<unknown>, 'parse'>): Promise<RunsPage> {
    const parameters = { ...read.parameters, per_page: size }
    const runs = await this.#read({ ...read, parameters, parse: parseRuns })
    return { runs, isLast: runs.length < size }
  }

  #find<T>(read: Read<T>): Promise<T | undefined> {
    return this.#requester.find({ ...read, isForWrite: this.#isForWrite })
  }
}
