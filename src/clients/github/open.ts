import { ReconcileError } from '../../core/errors.ts'
import type { GithubClient } from './client.ts'
import { requestBehind, saidBy } from './failure.ts'
import { parseDispatch } from './parse.ts'
import { GithubReads } from './reads.ts'
import { nameOfRepository, type Repository } from './repository.ts'
import { type GithubOptions, Requester } from './requester.ts'

/** Opens the client; sends nothing yet. */
export function openGithub(options: GithubOptions): GithubClient {
  return new OctokitClient(new Requester(options), false)
}

class OctokitClient extends GithubReads implements GithubClient {
  readonly forWriting: GithubClient
  readonly #requester: Requester
  /** Whether a dispatch asks for the run that it makes: until it is found to be unknown there. */
  #asksForRun = true

  constructor(requester: Requester, isForWrite: boolean) {
    super(requester, isForWrite)
    this.#requester = requester
    this.forWriting = isForWrite ? this : new OctokitClient(requester, true)
  }

  get clockAhead(): number {
    return this.#requester.clockAhead
  }

  get used(): number {
    return this.#requester.used
  }

  get remaining(): number | undefined {
    return this.#requester.remaining
  }

  save(): Promise<void> {
    return this.#requester.save()
  }

  async close(): Promise<void> {
    return
  }

  async enableWorkflow(repository: Repository, workflowId: number, signal: AbortSignal): Promise<void> {
    await this.#requester.write(
      `enable workflow ${workflowId} of ${nameOfRepository(repository)}`,
      'PUT /repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable',
      { ...repository, workflow_id: workflowId },
      signal,
    )
  }

  async disableWorkflow(repository: Repository, workflowId: number, signal: AbortSignal): Promise<void> {
    await this.#requester.write(
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
      await this.#requester.write(
        `run ${run.id} of ${nameOfRepository(repository)} again`,
        `POST /repos/{owner}/{repo}/actions/runs/{run_id}/${call}`,
        { ...repository, run_id: run.id },
        signal,
      )
    } catch (error) {
      // A 403 in words only: somebody was quicker, and what we want is happening.
      if (!/already running/i.test(saidBy(requestBehind(error) ?? {}))) throw error
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
    const what = `dispatch workflow ${run.workflowId} of ${nameOfRepository(repository)}`
    const send = async (asked: { readonly return_run_details?: true }): Promise<number | undefined> => {
      const { status, data } = await this.#requester.write(
        what,
        'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
        { ...repository, workflow_id: run.workflowId, ref: run.branch, inputs: run.inputs, ...asked },
        signal,
      )
      const id = parseDispatch(data)
      // Who was not asked for the run says 204, and nothing else; whatever else this is, it says of no dispatch that it was taken.
      if (id !== undefined || status === 204) return id
      throw new ReconcileError('OutcomeUnknown', `What GitHub answered while trying to ${what} names no run`)
    }
    if (!this.#asksForRun) return send({})
    try {
      return await send({ return_run_details: true })
    } catch (error) {
      // GitHub Enterprise of before 2026-02 refuses to be asked (benc-uk/workflow-dispatch#86); all else it refuses again.
      if (requestBehind(error)?.status !== 422) throw error
      const id = await send({})
      this.#asksForRun = false
      return id
    }
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
    await this.#requester.write(
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

  async placeBranch(
    repository: Repository,
    branch: { readonly name: string; readonly at: string },
    signal: AbortSignal,
  ): Promise<void> {
    const now = await this.forWriting.headOf(repository, branch.name, signal)
    if (now === branch.at) return
    if (now === undefined) {
      await this.#requester.write(
        `make branch ${branch.name} of ${nameOfRepository(repository)}`,
        'POST /repos/{owner}/{repo}/git/refs',
        { ...repository, ref: `refs/heads/${branch.name}`, sha: branch.at },
        signal,
      )
      return
    }
    await this.#requester.write(
      `move branch ${branch.name} of ${nameOfRepository(repository)}`,
      'PATCH /repos/{owner}/{repo}/git/refs/{ref}',
      { ...repository, ref: `heads/${branch.name}`, sha: branch.at, force: true },
      signal,
    )
  }

  async deleteBranch(repository: Repository, name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#requester.write(
        `delete branch ${name} of ${nameOfRepository(repository)}`,
        'DELETE /repos/{owner}/{repo}/git/refs/{ref}',
        { ...repository, ref: `heads/${name}` },
        signal,
      )
    } catch (error) {
      // A branch that is gone is answered with 422, and so is what is wrong with the call: the world tells which.
      const status = requestBehind(error)?.status
      if (status !== 404 && status !== 422) throw error
      if ((await this.forWriting.headOf(repository, name, signal)) !== undefined) throw error
    }
  }

  async openPull(
    repository: Repository,
    pull: { readonly head: string; readonly base: string; readonly title: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#requester.write(
        `open a pull request from ${pull.head} of ${nameOfRepository(repository)}`,
        'POST /repos/{owner}/{repo}/pulls',
        { ...repository, ...pull },
        signal,
      )
    } catch (error) {
      // One that exists is answered with 422, as much else is: the world tells which.
      if (requestBehind(error)?.status !== 422) throw error
      const found = await this.forWriting.findPull(repository, pull, signal)
      if (found?.state !== 'open') throw error
    }
  }

  async updatePull(
    repository: Repository,
    pull: { readonly number: number; readonly body?: string; readonly state?: 'closed' },
    signal: AbortSignal,
  ): Promise<void> {
    const { number, ...changes } = pull
    await this.#requester.write(
      `change pull request #${number} of ${nameOfRepository(repository)}`,
      'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
      { ...repository, pull_number: number, ...changes },
      signal,
    )
  }
}
