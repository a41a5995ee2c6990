import { setMaxListeners } from 'node:events'
import { appCredential } from '../../clients/github/app-credential.ts'
import type { GithubClient } from '../../clients/github/client.ts'
import { type Credential, tokenCredential } from '../../clients/github/credential.ts'
import { openGithub } from '../../clients/github/open.ts'
import { type Patience, usualPatience } from '../../clients/github/patience.ts'
import { type Repository, repositoryOf } from '../../clients/github/repository.ts'
import { apiUrlOf } from '../../clients/github/requester.ts'
import type { WorkflowRecord } from '../../clients/github/workflow-record.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type {
  ConnectContext,
  Connection,
  LogLine,
  LogOptions,
  Observation,
  Reading,
  VendorAllowance,
  Wanted,
} from '../../core/reconciler.ts'
import type { ResourceId } from '../../core/resource.ts'
import { notReadWithin, unreadable } from '../../core/unreadable.ts'
import { AcceptedDispatches } from './accepted-dispatches.ts'
import type { WorkflowAction } from './action.ts'
import { applyWorkflowAction } from './apply.ts'
import { Deliveries } from './deliveries.ts'
import { readAbandoned, readWorkflowFile } from './file-reader.ts'
import { readWorkflowLogs } from './logs/read-logs.ts'
import { MissingWorkflows } from './missing-workflows.ts'
import { Namesakes } from './namesakes.ts'
import type { ObservedFile, ObservedWorkflow } from './observed.ts'
import { type DesiredWorkflow, externalNameOf, placeOf, type WorkflowPlace } from './place.ts'
import { QueueByKey } from './queue-by-key.ts'
import { lastActivityOf, type RepositoryReading, readRepository } from './repository-reading.ts'
import { RunsReader } from './runs-reader.ts'
import { SeenRunsLog } from './seen-runs.ts'
import type { WorkflowSpec } from './spec.generated.ts'

type WantedWorkflow = Wanted<WorkflowSpec>

const userAgent = 'reconciled'

/** What is shown to GitHub; undefined: there is none, or a dry run did not read it. */
function credentialOf({ fleet, clock, mask }: ConnectContext): Credential | undefined {
  const { apiUrl, token, app } = fleet.github
  if (app)
    return app.privateKey.isRead
      ? appCredential({ ...app, apiUrl: apiUrlOf(apiUrl), clock, userAgent, mask })
      : undefined
  return token?.isRead ? tokenCredential(token) : undefined
}

/** GitHub as the engine sees it. Opening it sends nothing. */
class WorkflowConnection implements Connection<WorkflowSpec, ObservedWorkflow, WorkflowAction> {
  readonly #context: ConnectContext
  readonly #github: GithubClient | undefined
  readonly #seen: SeenRunsLog
  readonly #deliveries: Deliveries
  readonly #accepted: AcceptedDispatches
  readonly #missing = new MissingWorkflows()
  readonly #namesakes: Namesakes
  readonly #writers = new QueueByKey()
  readonly #readingLimit: number

  constructor(context: ConnectContext, patience: Partial<Patience>) {
    this.#context = context
    const { apiUrl } = context.fleet.github
    this.#namesakes = new Namesakes(context.declared)
    this.#seen = new SeenRunsLog(context.cache)
    this.#deliveries = new Deliveries(context.cache)
    this.#accepted = new AcceptedDispatches(context.cache)
    this.#readingLimit = patience.reading ?? usualPatience.reading
    const credential = credentialOf(context)
    this.#github =
      credential &&
      openGithub({
        apiUrl,
        credential,
        clock: context.clock,
        cache: context.cache,
        userAgent,
        patience,
        mask: context.mask,
      })
  }

  async observe(
    wanted: readonly WantedWorkflow[],
    outer: AbortSignal,
  ): Promise<Observation<ObservedWorkflow>> {
    const signal = AbortSignal.any([outer, AbortSignal.timeout(this.#readingLimit)])
    // Every request of a large fleet listens to the one signal of the pass.
    setMaxListeners(0, signal)
    const github = this.#client()
    const repositories = new Map<string, Promise<RepositoryReading>>()
    const places = new Map(wanted.map((one) => [one, placeOfWanted(one)]))
    const byRepository = Map.groupBy(wanted, (one) => places.get(one)?.repository ?? '')
    const now = this.#context.clock.now()
    for (const [name, list] of byRepository) {
      const withRuns = list.some((one) => needsRuns(one) || isKeptActive(one))
      const reading = readRepository(github, { name, withRuns, now }, signal)
      // Each resource awaits it for itself; nobody may be left with an unhandled rejection.
      reading.catch(() => undefined)
      repositories.set(name, reading)
    }
    const reader = new RunsReader(github, { seen: this.#seen, accepted: this.#accepted })
    const readings = await Promise.all(
      wanted.map(async (one): Promise<readonly [ResourceId, Reading<ObservedWorkflow>]> => {
        const place = places.get(one)
        const repository = place && repositories.get(place.repository)
        return [one.id, await this.#readOne(one, { place, repository, reader }, { signal, outer })]
      }),
    )
    await this.#kept(async () => {
      await this.#seen.save()
      await github.save()
    })
    return {
      observedAt: this.#context.clock.now(),
      readings: this.#namesakes.judge(wanted, new Map(readings)),
    }
  }

  retain(ids: ReadonlySet<ResourceId>): void {
    this.#namesakes.retain(ids)
  }

  async apply(action: WorkflowAction, signal: AbortSignal): Promise<void> {
    const github = this.#client()
    const key = `${action.repository.toLowerCase()} ${action.branch}`
    const { desired, file } = action
    const accepted = async (run: number | undefined) => {
      if (!desired) return
      const at = this.#context.clock.now()
      await this.#kept(() => this.#accepted.keep(externalNameOf(desired), { at, run }))
    }
    await this.#writers.run(key, async () => {
      await applyWorkflowAction({ github, accepted }, action, signal)
      if (desired && file) await this.#kept(() => this.#deliveries.keep(desired, file.wanted))
    })
  }

  logs(desired: DesiredWorkflow, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
    const { clock } = this.#context
    return readWorkflowLogs(this.#client(), desired, { ...options, clock, signal })
  }

  allowance(): VendorAllowance | undefined {
    const github = this.#github
    return github && { vendor: 'github', used: github.used, remaining: github.remaining }
  }

  async close(): Promise<void> {
    await this.#github?.close()
  }

  #client(): GithubClient {
    if (this.#github) return this.#github
    const { token, app } = this.#context.fleet.github
    if (app) {
      throw new ReconcileError(
        'CredentialsMissing',
        `The private key of App ${app.id} was not read (${app.privateKey.source})`,
      )
    }
    throw new ReconcileError(
      'CredentialsMissing',
      token ? `The token was not read (${token.source})` : 'GITHUB_TOKEN is not set',
      { hint: 'Set GITHUB_TOKEN or GH_TOKEN, or name another place as `github.token` of the Fleet.' },
    )
  }

  async #readFile(
    github: GithubClient,
    place: {
      readonly repository: Repository
      readonly desired: DesiredWorkflow
      readonly isListed: boolean
    },
    signal: AbortSignal,
  ): Promise<ObservedFile | undefined> {
    const file = await readWorkflowFile(github, place, signal)
    const isUnlisted = file?.found !== undefined && !place.isListed
    return (
      file && {
        ...file,
        delivered: await this.#deliveries.last(place.desired),
        defaultBranch: isUnlisted ? await github.defaultBranchOf(place.repository, signal) : undefined,
      }
    )
  }

  async #readOne(
    one: WantedWorkflow,
    from: {
      readonly place: WorkflowPlace | undefined
      readonly repository: Promise<RepositoryReading> | undefined
      readonly reader: RunsReader
    },
    { signal, outer }: { readonly signal: AbortSignal; readonly outer: AbortSignal },
  ): Promise<Reading<ObservedWorkflow>> {
    const { place, repository, reader } = from
    try {
      if (!place || !repository) {
        throw new ReconcileError('Internal', `Could not tell what ${one.id} stands for`)
      }
      const reading = await repository
      const github = this.#client()
      const { desired } = one
      // What has another name now may be declared by it: nothing is undone through the old one.
      if (!desired && reading.movedTo !== undefined) return { type: 'absent' }
      const workflow = await this.#findWorkflow(github, place, reading, signal)
      const isThere = workflow !== undefined && workflow.state !== 'deleted'
      // What is to be switched off and is off, or is not there, is gone as far as we are concerned.
      const { clockAhead } = github
      // Pull requests are looked for by the owner of the repository, too.
      const now = reading.repository
      const pulls = readAbandoned(github, { repository: now, owned: one.owned, desired }, signal)
      if (!desired) {
        assertSwitchIsKnown(one, workflow)
        const unread = { runs: undefined, file: undefined, lastActivity: undefined }
        const value = { movedTo: undefined, workflow, ...unread, abandoned: await pulls, clockAhead }
        const isOver = workflow?.state !== 'active' && value.abandoned.length === 0
        return isOver ? { type: 'absent' } : { type: 'present', value }
      }
      const [runs, file, abandoned] = await Promise.all([
        isThere && needsRuns(one)
          ? reader.read(one, { desired, workflowId: workflow.id, reading }, signal)
          : undefined,
        this.#readFile(github, { repository: now, desired, isListed: isThere }, signal),
        pulls,
      ])
      const lastActivity = workflow && lastActivityOf(reading, workflow.id)
      const value: ObservedWorkflow = Object.freeze({
        movedTo: reading.movedTo,
        workflow,
        runs,
        lastActivity,
        file,
        abandoned,
        clockAhead,
      })
      return isThere ? { type: 'present', value } : { type: 'absent', value }
    } catch (thrown) {
      outer.throwIfAborted()
      return unreadable(signal.aborted ? notReadWithin(this.#readingLimit, 'GitHub') : thrown)
    }
  }

  /** A list may lack what is there: that something is missing is believed of itself alone. */
  async #findWorkflow(
    github: GithubClient,
    place: WorkflowPlace,
    { workflows, readAt }: RepositoryReading,
    signal: AbortSignal,
  ): Promise<WorkflowRecord | undefined> {
    const { repository, path } = place
    const listed = workflows.filter((workflow) => workflow.path === path)
    // A file that was deleted and made again is listed twice.
    const [found] = [...listed.filter(({ state }) => state !== 'deleted'), ...listed]
    if (found) return found
    const name = `${repository}/${path}`
    if (this.#missing.isKnown(name, workflows, readAt)) return undefined
    const fileName = path.slice(path.lastIndexOf('/') + 1)
    const asked = await github.findWorkflow(repositoryOf(repository), fileName, signal)
    if (asked?.path === path) return asked
    this.#missing.add(name, workflows, readAt)
    return undefined
  }

  /** What is only a saving for later; that it cannot be kept is no fault of what was read or done. */
  async #kept(keep: () => Promise<void>): Promise<void> {
    try {
      await keep()
    } catch (error) {
      if (error instanceof ReconcileError && error.code === 'LeaseLost') throw error
      this.#context.logger.warn({ error: messageOf(error) }, 'what was learned of GitHub could not be kept')
    }
  }
}

/** What is to be switched off, and may be on, is not forgotten before that is known. */
function assertSwitchIsKnown({ id, owned }: WantedWorkflow, workflow: WorkflowRecord | undefined): void {
  if (workflow?.state !== 'unknown' || owned?.deletionPolicy !== 'Delete') return
  throw new ReconcileError(
    'RemoteAnswerInvalid',
    `Could not tell whether ${id} is to be disabled: GitHub says a state of it that is not known here`,
  )
}

function placeOfWanted({ desired, owned }: WantedWorkflow): WorkflowPlace | undefined {
  return placeOf(desired ? externalNameOf(desired) : (owned?.externalName ?? ''))
}

/** Runs are read where they are judged, where a fallback is dispatched, and where one that we asked for is looked for. */
function needsRuns({ desired, unconfirmed }: WantedWorkflow): boolean {
  if (!desired) return false
  return desired.spec.green !== undefined || desired.spec.dispatch !== undefined || unconfirmed.length > 0
}

/** What is to stay enabled may be disabled for inactivity, which the repository's runs tell. */
function isKeptActive({ desired }: WantedWorkflow): boolean {
  return desired?.spec.state === 'active'
}

/** Opens the domain; sends nothing yet. */
export async function connectWorkflows(
  context: ConnectContext,
  patience: Partial<Patience> = {},
): Promise<Connection<WorkflowSpec, ObservedWorkflow, WorkflowAction>> {
  return new WorkflowConnection(context, patience)
}
