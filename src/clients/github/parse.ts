import { ReconcileError } from '../../core/errors.ts'
import { type Fields, isFields } from '../../core/fields.ts'
import type { Job, JobStep } from './client.ts'
import type { PullRequest } from './pull-request.ts'
import { type WorkflowRecord, workflowStateOf } from './workflow-record.ts'
import { runConclusionOf, runStatusOf, type WorkflowRun } from './workflow-run.ts'

/** An answer that is not what it should be: nothing is concluded from it. */
function invalid(what: string): ReconcileError {
  return new ReconcileError('RemoteAnswerInvalid', `Could not read what GitHub answered: ${what}`)
}

function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw invalid(`${what} is no object`)
  return value
}

function idOf(fields: Fields, what: string): number {
  const { id } = fields
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) throw invalid(`${what} has no id`)
  return id
}

function textOf(fields: Fields, field: string, what: string): string {
  const value = fields[field]
  if (typeof value !== 'string') throw invalid(`${what} has no ${field}`)
  return value
}

function timeOf(fields: Fields, field: string, what: string): number {
  const time = Date.parse(textOf(fields, field, what))
  if (!Number.isFinite(time)) throw invalid(`${what} has no readable ${field}`)
  return time
}

/** The list in an answer of the form `{ total_count, <field>: [...] }`. */
function listOf(value: unknown, field: string): readonly unknown[] {
  const list = fieldsOf(value, 'the answer')[field]
  if (!Array.isArray(list)) throw invalid(`there is no list of ${field}`)
  return list
}

export function parseWorkflow(value: unknown): WorkflowRecord {
  const fields = fieldsOf(value, 'a workflow')
  return {
    id: idOf(fields, 'a workflow'),
    name: textOf(fields, 'name', 'a workflow'),
    path: textOf(fields, 'path', 'a workflow'),
    state: workflowStateOf(fields.state),
    url: typeof fields.html_url === 'string' ? fields.html_url : '',
    repository: /\/repos\/([^/]+\/[^/]+)\/actions\//.exec(String(fields.url))?.[1],
  }
}

export function parseWorkflows(value: unknown): readonly WorkflowRecord[] {
  return listOf(value, 'workflows').map(parseWorkflow)
}

export function parseRun(value: unknown): WorkflowRun {
  const what = 'a run'
  const fields = fieldsOf(value, what)
  const { workflow_id: workflowId, run_attempt: attempt, repository, head_repository: head } = fields
  if (typeof workflowId !== 'number') throw invalid('a run has no workflow_id')
  const own = nameIn(repository)
  const commit = fields.head_commit
  const committed =
    commit !== null && typeof commit === 'object' ? Date.parse(String((commit as Fields).timestamp)) : NaN
  const createdAt = timeOf(fields, 'created_at', what)
  const started = fields.run_started_at
  const status = runStatusOf(fields.status)
  return {
    id: idOf(fields, what),
    workflowId,
    attempt: typeof attempt === 'number' && attempt > 0 ? attempt : 1,
    event: textOf(fields, 'event', what),
    branch: typeof fields.head_branch === 'string' ? fields.head_branch : undefined,
    headSha: textOf(fields, 'head_sha', what),
    // The head repository of a deleted fork is null: it was not ours.
    isOwnBranch: own !== undefined && own === nameIn(head),
    status,
    conclusion: status === 'completed' ? (runConclusionOf(fields.conclusion) ?? 'unknown') : undefined,
    createdAt,
    startedAt: typeof started === 'string' ? timeOf(fields, 'run_started_at', what) : createdAt,
    updatedAt: timeOf(fields, 'updated_at', what),
    committedAt: Number.isFinite(committed) ? committed : undefined,
    isPrivate: typeof repository === 'object' && (repository as Fields | null)?.private === true,
    url: typeof fields.html_url === 'string' ? fields.html_url : '',
  }
}

function nameIn(repository: unknown): string | undefined {
  if (repository === null || typeof repository !== 'object') return undefined
  const name = (repository as Fields).full_name
  return typeof name === 'string' ? name.toLowerCase() : undefined
}

export function parseRuns(value: unknown): readonly WorkflowRun[] {
  return listOf(value, 'workflow_runs').map(parseRun)
}

const failedConclusions: ReadonlySet<unknown> = new Set(['failure', 'timed_out', 'startup_failure'])

export function parseJobs(value: unknown): readonly Job[] {
  return listOf(value, 'jobs').map((item) => {
    const fields = fieldsOf(item, 'a job')
    const steps = Array.isArray(fields.steps) ? fields.steps.map((step) => fieldsOf(step, 'a step')) : []
    return {
      id: idOf(fields, 'a job'),
      name: textOf(fields, 'name', 'a job'),
      hasFailed: failedConclusions.has(fields.conclusion),
      failedSteps: steps.filter((step) => failedConclusions.has(step.conclusion)).map(parseStep),
    }
  })
}

function parseStep(fields: Fields): JobStep {
  const time = (field: string) => {
    const at = Date.parse(String(fields[field]))
    return Number.isFinite(at) ? at : undefined
  }
  return {
    name: textOf(fields, 'name', 'a step'),
    startedAt: time('started_at'),
    completedAt: time('completed_at'),
  }
}

export function parseLog(value: unknown): string {
  if (typeof value === 'string') return value
  throw invalid('a log is no text')
}

export function parseDefaultBranch(value: unknown): string {
  return textOf(fieldsOf(value, 'a repository'), 'default_branch', 'a repository')
}

/** The commit that a ref points at. */
export function parseRef(value: unknown): string {
  return textOf(fieldsOf(fieldsOf(value, 'a ref').object, 'a ref'), 'sha', 'a ref')
}

/** git's name of a file's content. A folder is answered with a list, and is no file. */
export function parseFile(value: unknown): string {
  const fields = fieldsOf(value, 'a file')
  if (fields.type !== 'file') throw invalid('there is something else than a file')
  return textOf(fields, 'sha', 'a file')
}

/** Newest first, as they were asked for. */
export function parsePulls(value: unknown): readonly PullRequest[] {
  if (!Array.isArray(value)) throw invalid('there is no list of pull requests')
  return value.map((item) => {
    const fields = fieldsOf(item, 'a pull request')
    const { number, state, merged_at: mergedAt, body } = fields
    if (typeof number !== 'number') throw invalid('a pull request has no number')
    const head = fieldsOf(fields.head, 'the head of a pull request')
    const base = fieldsOf(fields.base, 'the base of a pull request')
    return {
      number,
      head: textOf(head, 'ref', 'the head of a pull request'),
      base: textOf(base, 'ref', 'the base of a pull request'),
      // The head repository of a deleted fork is null.
      isOfOneRepository: nameIn(base.repo) !== undefined && nameIn(base.repo) === nameIn(head.repo),
      state: state === 'open' ? 'open' : 'closed',
      isMerged: typeof mergedAt === 'string',
      body: typeof body === 'string' ? body : '',
      url: typeof fields.html_url === 'string' ? fields.html_url : '',
    }
  })
}

/** The run that the answer to a dispatch names; undefined: it names none, and so is none. */
export function parseDispatch(value: unknown): number | undefined {
  const id = isFields(value) ? value.workflow_run_id : undefined
  return typeof id === 'number' ? id : undefined
}
