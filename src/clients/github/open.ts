import { throttling } from '@octokit/plugin-throttling'
import { Octokit } from '@octokit/rest'
import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { DomainCache } from '../../core/reconciler.ts'
import { Budget } from './budget.ts'
import type { GithubClient } from './client.ts'
import type { Credential } from './credential.ts'
import { EtagCache } from './etag-cache.ts'
import { type FailedRequest, failureOf, saidBy } from './failure.ts'
import {
  parseDefaultBranch,
  parseDispatch,
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
import { openTransport } from './transport.ts'

const ThrottledOctokit = Octokit.plugin(throttling)

/**
 * The version that calls are written for. Without the header GitHub moves silently to the next one some day; both
 * this one's and 2026-03-10's answers are understood.
 */
const apiVersion = '2022-11-28'

/** Where the API is, without a slash at its end; default: GitHub's own host. */
export function apiUrlOf(apiUrl: string | undefined): string {
  return (apiUrl ?? 'https://api.github.com').replace(/\/+$/, '')
}

/** How long GitHub is waited for, and how he is spared. */
export interface Patience {
  /** Milliseconds for one request, its body included. A page of runs is about 1 MB. */
  readonly request: number
  /** Milliseconds before a read is asked again. Writes never are. */
  readonly pauses: readonly number[]
  /** Milliseconds for one reading of all; what was not read by then is unreadable, and the rest is not. */
  readonly reading: number
  /** Whether a second lies between writes, and at most 10 calls are on their way, as GitHub asks for. */
  readonly isSpaced: boolean
}

/** The engine gives a domain 20 s: who used them up would make even what was read Unknown. */
export const usualPatience: Patience = Object.freeze({
  request: 10_000,
  pauses: Object.freeze([250, 1000]),
  reading: 17_000,
  isSpaced: true,
})

/** Items on one page; GitHub's most. */
const pageSize = 100
/** More pages of workflows than any repository has. */
const maxPages = 20

const silent = { debug: drop, info: drop, warn: drop, error: drop }

function drop(): void {
  return
}

/** Opens the client; sends nothing yet. */
export function openGithub(options: GithubOptions): GithubClient {
  return new OctokitClient(options)
}

export interface GithubOptions {
  readonly apiUrl: string | undefined
  readonly credential: Credential
  readonly clock: Clock
  readonly cache: DomainCache | undefined
  readonly userAgent: string
  /** Default: `usualPatience`. */
  readonly patience?: Partial<Patience>
}

type Parameters = Readonly<Record<string, unknown>>

interface Read<T> {
  /** For messages: `could not <what>`. */
  readonly what: string
  readonly route: string
  readonly parameters: Parameters
  readonly parse: (data: unknown) => T
  readonly signal: AbortSignal
  /** Before a write: asked without an ETag. */
  readonly isFresh?: boolean
}

class OctokitClient implements GithubClient {
  readonly #octokit: InstanceType<typeof ThrottledOctokit>
  readonly #budget: Budget
  readonly #etags: EtagCache
  readonly #clock: Clock
  readonly #cache: DomainCache | undefined
  readonly #budgetKey: string
  readonly #patience: Patience
  #recalled: Promise<void> | undefined

  constructor(options: GithubOptions) {
    const { credential, clock, cache, userAgent } = options
    const apiUrl = apiUrlOf(options.apiUrl)
    this.#clock = clock
    this.#cache = cache
    this.#patience = { ...usualPatience, ...options.patience }
    this.#budget = new Budget(clock)
    const owner = `${new URL(apiUrl).host}/${credential.digest}`
    this.#etags = new EtagCache(cache, owner)
    this.#budgetKey = `budget/1/${owner}`
    this.#octokit = new ThrottledOctokit({
      baseUrl: apiUrl,
      userAgent,
      // Else every 304 is printed as an error.
      log: silent,
      request: {
        fetch: openTransport({
          apiUrl,
          credential,
          budget: this.#budget,
          clock,
          deadline: this.#patience.request,
        }),
        headers: { 'x-github-api-version': apiVersion },
      },
      throttle: {
        enabled: this.#patience.isSpaced,
        // GitHub limits who asks; whoever else asks in this process has a turn of their own.
        id: owner,
        // It spaces calls out; what happens at a limit is decided by the budget, never by sleeping in here.
        onRateLimit: () => false,
        onSecondaryRateLimit: () => false,
      },
    })
  }

  get clockAhead(): number {
    return this.#budget.clockAhead
  }

  get used(): number {
    return this.#budget.used
  }

  get remaining(): number | undefined {
    return this.#budget.remaining
  }

  async save(): Promise<void> {
    await this.#etags.save()
    await this.#cache?.put(new Map([[this.#budgetKey, this.#budget.toJson()]]))
  }

  async close(): Promise<void> {
    return
  }

  // --- reads -------------------------------------------------------------------------------------------------

  defaultBranchOf(repository: Repository, signal: AbortSignal) {
    return this.#read({
      what: `read the repository ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}',
      parameters: { ...repository },
      parse: parseDefaultBranch,
      signal,
    })
  }

  async listWorkflows(repository: Repository, signal: AbortSignal) {
    const all = []
    for (let page = 1; page <= maxPages; page += 1) {
      const list = await this.#read({
        what: `list the workflows of ${nameOfRepository(repository)}`,
        route: 'GET /repos/{owner}/{repo}/actions/workflows',
        parameters: { ...repository, per_page: pageSize, ...(page > 1 && { page }) },
        parse: parseWorkflows,
        signal,
      })
      all.push(...list)
      // Its total_count cannot be relied on; a page that is not full is the last.
      if (list.length < pageSize) break
    }
    return all
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
    return this.#read({
      what: `list the runs of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/runs',
      parameters: { ...repository, per_page: pageSize },
      parse: parseRuns,
      signal,
    })
  }

  listRunsOf(
    repository: Repository,
    workflowId: number,
    { signal, isFresh = false }: { readonly signal: AbortSignal; readonly isFresh?: boolean },
  ) {
    return this.#read({
      what: `list the runs of workflow ${workflowId} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs',
      parameters: { ...repository, workflow_id: workflowId, per_page: 30 },
      parse: parseRuns,
      signal,
      isFresh,
    })
  }

  getRun(repository: Repository, runId: number, signal: AbortSignal) {
    return this.#find({
      what: `read run ${runId} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      parameters: { ...repository, run_id: runId },
      parse: parseRun,
      signal,
      isFresh: true,
    })
  }

  listJobs(
    repository: Repository,
    run: { readonly id: number; readonly attempt: number },
    signal: AbortSignal,
  ) {
    return this.#read({
      what: `list the jobs of run ${run.id} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs',
      parameters: { ...repository, run_id: run.id, attempt_number: run.attempt, per_page: pageSize },
      parse: parseJobs,
      signal,
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
    })
  }

  findFile(
    repository: Repository,
    file: { readonly path: string; readonly branch: string; readonly isFresh?: boolean },
    signal: AbortSignal,
  ) {
    return this.#find({
      what: `read ${file.path} of ${nameOfRepository(repository)}`,
      route: 'GET /repos/{owner}/{repo}/contents/{path}',
      parameters: { ...repository, path: file.path, ref: file.branch },
      parse: parseFile,
      signal,
      isFresh: file.isFresh === true,
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
    return pulls.find((pull) => pull.state === 'open') ?? pulls[0]
  }

  // --- writes ------------------------------------------------------------------------------------------------

  async enableWorkflow(repository: Repository, workflowId: number, signal: AbortSignal): Promise<void> {
    await this.#write(
      `enable workflow ${workflowId} of ${nameOfRepository(repository)}`,
      'PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable',
      { ...repository, workflow_id: workflowId },
      signal,
    )
  }

  async disableWorkflow(repository: Repository, workflowId: number, signal: AbortSignal): Promise<void> {
    await this.#write(
      `disable workflow ${workflowId} of ${nameOfRepository(repository)}`,
      'PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable',
      { ...repository, workflow_id: workflowId },
      signal,
    )
  }

  async rerun(
    repository: Repository,
    run: { readonly id: number; readonly failedOnly: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const call = run.failedOnly ? 'rerun-failed-jobs' : 'rerun'
    try {
      await this.#write(
        `run ${run.id} of ${nameOfRepository(repository)} again`,
        `POST /repos/{owner}/{repo}/actions/runs/{run_id}/${call}`,
        { ...repository, run_id: run.id },
        signal,
      )
    } catch (error) {
      // A 403 in words only: somebody was quicker, and what we want is happening.
      const said = error instanceof ReconcileError ? saidBy(error.cause as FailedRequest) : ''
      if (!/already running/i.test(said)) throw error
    }
  }

  async dispatch(
    repository: Repository,
    run: {
      readonly workflowId: number
      readonly branch: string
      readonly inputs: Readonly<Record<string, string>>
    },
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { data } = await this.#write(
      `dispatch workflow ${run.workflowId} of ${nameOfRepository(repository)}`,
      'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
      { ...repository, workflow_id: run.workflowId, ref: run.branch, inputs: run.inputs },
      signal,
    )
    return parseDispatch(data)
  }

  async putFile(
    repository: Repository,
    file: {
      readonly path: string
      readonly branch: string
      readonly content: Uint8Array
      readonly replaces: string | undefined
      readonly message: string
    },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#write(
      `write ${file.path} to ${file.branch} of ${nameOfRepository(repository)}`,
      'PUT /repos/{owner}/{repo}/contents/{path}',
      {
        ...repository,
        path: file.path,
        branch: file.branch,
        message: file.message,
        content: Buffer.from(file.content).toString('base64'),
        ...(file.replaces !== undefined && { sha: file.replaces }),
      },
      signal,
    )
  }

  async createBranch(
    repository: Repository,
    branch: { readonly name: string; readonly from: string },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#write(
        `make branch ${branch.name} of ${nameOfRepository(repository)}`,
        'POST /repos/{owner}/{repo}/git/refs',
        { ...repository, ref: `refs/heads/${branch.name}`, sha: branch.from },
        signal,
      )
    } catch (error) {
      const said = error instanceof ReconcileError ? saidBy(error.cause as FailedRequest) : ''
      if (!/already exists/i.test(said)) throw error
    }
  }

  async deleteBranch(repository: Repository, name: string, signal: AbortSignal): Promise<void> {
    await this.#write(
      `delete branch ${name} of ${nameOfRepository(repository)}`,
      'DELETE /repos/{owner}/{repo}/git/refs/{ref}',
      { ...repository, ref: `heads/${name}` },
      signal,
    )
  }

  async openPull(
    repository: Repository,
    pull: { readonly head: string; readonly base: string; readonly title: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#write(
        `open a pull request from ${pull.head} of ${nameOfRepository(repository)}`,
        'POST /repos/{owner}/{repo}/pulls',
        { ...repository, ...pull },
        signal,
      )
    } catch (error) {
      const data = error instanceof ReconcileError ? (error.cause as FailedRequest).response?.data : undefined
      if (!/already exists/i.test(JSON.stringify(data ?? ''))) throw error
    }
  }

  async updatePull(
    repository: Repository,
    pull: { readonly number: number; readonly body?: string; readonly state?: 'closed' },
    signal: AbortSignal,
  ): Promise<void> {
    const { number, ...changes } = pull
    await this.#write(
      `change pull request #${number} of ${nameOfRepository(repository)}`,
      'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
      { ...repository, pull_number: number, ...changes },
      signal,
    )
  }

  // --- requests ----------------------------------------------------------------------------------------------

  /** A read whose 404 or 410 means "there is none": the caller knows that the repository can be seen. */
  async #find<T>(read: Read<T>): Promise<T | undefined> {
    try {
      return await this.#read(read)
    } catch (error) {
      const status = error instanceof ReconcileError && (error.cause as FailedRequest | undefined)?.status
      if (status === 404 || status === 410) return undefined
      throw error
    }
  }

  /** Asks, and asks again where GitHub failed or what he said cannot be read. */
  async #read<T>(read: Read<T>): Promise<T> {
    await this.#recall()
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#readOnce(read)
      } catch (error) {
        read.signal.throwIfAborted()
        const pause = this.#patience.pauses[attempt]
        const mayHelp =
          error instanceof ReconcileError &&
          (error.code === 'RemoteUnavailable' || error.code === 'RemoteAnswerInvalid')
        if (!mayHelp || pause === undefined) throw error
        await this.#clock.sleep(pause, read.signal)
      }
    }
  }

  async #readOnce<T>(read: Read<T>): Promise<T> {
    const { route, parameters, parse, signal, isFresh } = read
    const { url } = this.#octokit.request.endpoint(route, { ...parameters })
    const known = isFresh ? undefined : await this.#etags.get(url)
    try {
      const response = await this.#octokit.request(route, {
        ...parameters,
        headers: { 'x-github-api-version': apiVersion, ...(known && { 'if-none-match': known.etag }) },
        request: { signal },
      })
      const value = parse(response.data)
      const { etag } = response.headers
      if (!isFresh && etag) this.#etags.set(url, etag, value)
      return value
    } catch (error) {
      if (error instanceof ReconcileError) throw error
      const failed = error as FailedRequest
      // What is remembered was made by `parse` of an earlier answer.
      if (failed.status === 304 && known) return known.value as T
      throw this.#failure(failed, read.what, { isWrite: false, signal })
    }
  }

  /** Sends once; what became of it where the answer was lost is for the next reading to say. */
  async #write(
    what: string,
    route: string,
    parameters: Parameters,
    signal: AbortSignal,
  ): Promise<{ readonly data: unknown }> {
    await this.#recall()
    try {
      return await this.#octokit.request(route, {
        ...parameters,
        headers: { 'x-github-api-version': apiVersion },
        request: { signal },
      })
    } catch (error) {
      if (error instanceof ReconcileError) throw error
      throw this.#failure(error as FailedRequest, what, { isWrite: true, signal })
    }
  }

  #failure(
    failed: FailedRequest,
    what: string,
    { isWrite, signal }: { readonly isWrite: boolean; readonly signal: AbortSignal },
  ): unknown {
    const own = errorInside(failed)
    if (own) return own
    if (signal.aborted && !isWrite) return signal.reason
    const { status, response } = failed
    const refusal =
      response && status !== undefined
        ? this.#budget.refusal({ status, headers: response.headers, message: saidBy(failed) })
        : undefined
    return refusal ?? failureOf(failed, { what, isWrite })
  }

  async #recall(): Promise<void> {
    this.#recalled ??= (async () => {
      this.#budget.recall(await this.#cache?.get(this.#budgetKey))
    })()
    await this.#recalled
  }
}

/** Octokit wraps what our own transport throws. */
function errorInside(failed: FailedRequest): ReconcileError | undefined {
  return failed.cause instanceof ReconcileError ? failed.cause : undefined
}
