import { logOf, type Renderer } from './render.ts'
import type { SimulatedRepository, SimulatedRun, SimulatedWorkflow, SimulatedWorld } from './world.ts'
import { shaOf } from './world.ts'

export interface Answer {
  readonly status: number
  /** Undefined: no body. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Call {
  readonly world: SimulatedWorld
  readonly render: Renderer
  readonly repository: SimulatedRepository
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly apiVersion: string
  /** Milliseconds that lists from the search index lag behind. */
  readonly lag: number
  /** Puts a text into the store of logs, which is another host; its address there. */
  store(text: string): string
}

export interface Route {
  /** The name that faults and hooks know it by. */
  readonly name: string
  readonly method: string
  /** As GitHub's description writes it. */
  readonly path: string
  readonly isList?: boolean
  answer(call: Call): Answer
}

const notFound: Answer = {
  status: 404,
  body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
}
const refuse = (status: number, message: string): Answer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
})
const repo = '/repos/{owner}/{repo}'
const month = 30 * 86_400_000

function findWorkflow({ repository, params }: Call): SimulatedWorkflow | undefined {
  const key = params.workflow_id ?? ''
  return repository.workflows.find(
    (workflow) => String(workflow.id) === key || workflow.path.endsWith(`/${decodeURIComponent(key)}`),
  )
}

function findRun({ repository, params }: Call): SimulatedRun | undefined {
  return repository.runs.find((run) => String(run.id) === params.run_id)
}

/** Lists with any of these come from a search index, which lags. */
const filters = ['actor', 'branch', 'event', 'status', 'created', 'head_sha', 'check_suite_id']

function listRuns(call: Call, runs: readonly SimulatedRun[], isIndexed: boolean): Answer {
  const { query, render, repository, world, lag } = call
  const isFiltered = isIndexed || filters.some((name) => query.has(name))
  const visible = runs.filter((run) => !isFiltered || world.now() - run.createdAt >= lag)
  const matching = visible.filter(
    (run) =>
      (query.get('branch') ?? run.branch) === run.branch &&
      (query.get('event') ?? run.event) === run.event &&
      [run.status, run.conclusion].includes(query.get('status') ?? run.status),
  )
  const page = pageOf(matching, query)
  return {
    status: 200,
    body: { total_count: matching.length, workflow_runs: page.map((run) => render.run(repository, run)) },
  }
}

function pageOf<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
  const size = Math.min(100, Number(query.get('per_page') ?? 30))
  const page = Number(query.get('page') ?? 1)
  return items.slice((page - 1) * size, page * size)
}

function rerun(call: Call): Answer {
  const run = findRun(call)
  if (!run) return notFound
  if (run.status !== 'completed') return refuse(403, 'This workflow is already running')
  if (run.conclusion === 'startup_failure') return refuse(403, 'This workflow run cannot be retried')
  if (call.world.now() - run.createdAt > month) {
    return refuse(403, 'Unable to retry this workflow run because it was created over a month ago')
  }
  call.repository.restart(run)
  return { status: 201, body: {} }
}

function listJobs(call: Call): Answer {
  const run = findRun(call)
  if (!run) return notFound
  const jobs = Array.from({ length: run.jobs }, (_, index) => call.render.job(call.repository, run, index))
  return { status: 200, body: { total_count: jobs.length, jobs } }
}

/** The number of a job holds those of its run, of the attempt and of itself. */
function jobLog(call: Call): Answer {
  const number = Number(call.params.job_id)
  const run = call.repository.runs.find(({ id }) => id === Math.floor(number / 100))
  if (!run || number % 10 >= run.jobs) return notFound
  if (run.hasLostLogs) return refuse(410, 'The logs for this run have expired and are no longer available.')
  return { status: 302, headers: { location: call.store(logOf(call.repository, run, number % 10)) } }
}

function switchTo(state: string): (call: Call) => Answer {
  return (call) => {
    const workflow = findWorkflow(call)
    if (!workflow) return notFound
    workflow.state = state
    workflow.updatedAt = call.world.now()
    return { status: 204 }
  }
}

function dispatch(call: Call): Answer {
  const { body, repository, apiVersion } = call
  const workflow = findWorkflow(call)
  if (!workflow) return notFound
  const branch = String(body.ref ?? '').replace(/^refs\/heads\//, '')
  if (!repository.branches.has(branch)) return refuse(422, `No ref found for: ${branch}`)
  if (workflow.state !== 'active')
    return refuse(422, 'Cannot trigger a workflow_dispatch on a disabled workflow')
  if (!workflow.isDispatchable) return refuse(422, "Workflow does not have 'workflow_dispatch' trigger")
  const run = repository.start(workflow, 'workflow_dispatch', branch)
  if (apiVersion !== '2026-03-10' && body.return_run_details !== true) return { status: 204 }
  const url = `https://github.test/${repository.fullName}/actions/runs/${run.id}`
  return { status: 200, body: { workflow_run_id: run.id, run_url: url, html_url: url } }
}

function putFile(call: Call): Answer {
  const { repository, params, body, render } = call
  const path = decodeURIComponent(params.path ?? '')
  const name = String(body.branch ?? repository.defaultBranch)
  const branch = repository.branches.get(name)
  if (!branch) return refuse(404, `Branch ${name} not found`)
  const before = branch.files.get(path)
  const expected = typeof body.sha === 'string' ? body.sha : undefined
  if (before && expected === undefined) return refuse(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
  if (expected !== undefined && (!before || shaOf(before) !== expected)) {
    return refuse(409, `${path} does not match ${expected}`)
  }
  const content = Buffer.from(String(body.content ?? ''), 'base64')
  repository.commit(name, path, content)
  const isRegistered = repository.workflows.some((workflow) => workflow.path === path)
  if (name === repository.defaultBranch && path.startsWith('.github/workflows/') && !isRegistered) {
    repository.addWorkflow(path)
  }
  const file = render.file(repository, path, content) as Readonly<Record<string, unknown>>
  const { content: _content, encoding: _encoding, ...entry } = file
  return { status: before ? 200 : 201, body: { content: entry, commit: { sha: branch.sha } } }
}

function getFile(call: Call): Answer {
  const { repository, params, query, render } = call
  const path = decodeURIComponent(params.path ?? '')
  const content = repository.branches.get(query.get('ref') ?? repository.defaultBranch)?.files.get(path)
  return content ? { status: 200, body: render.file(repository, path, content) } : notFound
}

function createPull(call: Call): Answer {
  const { repository, body, render, world } = call
  const head = String(body.head ?? '')
  const base = String(body.base ?? '')
  if (repository.pulls.some((pull) => pull.head === head && pull.base === base && pull.state === 'open')) {
    return {
      status: 422,
      body: {
        message: 'Validation Failed',
        errors: [
          {
            resource: 'PullRequest',
            code: 'custom',
            message: `A pull request already exists for ${repository.owner}:${head}.`,
          },
        ],
      },
    }
  }
  const pull = {
    number: repository.pulls.length + 1,
    head,
    base,
    title: String(body.title ?? ''),
    body: String(body.body ?? ''),
    state: 'open' as const,
    mergedAt: undefined,
    createdAt: world.now(),
  }
  repository.pulls.unshift(pull)
  return { status: 201, body: render.pull(repository, pull, 'pull-request') }
}

function updatePull(call: Call): Answer {
  const { repository, params, body, render } = call
  const pull = repository.pulls.find(({ number }) => String(number) === params.pull_number)
  if (!pull) return notFound
  if (typeof body.body === 'string') pull.body = body.body
  if (body.state === 'closed') pull.state = 'closed'
  return { status: 200, body: render.pull(repository, pull, 'pull-request') }
}

/** Every call that the simulator knows. */
export const routes: readonly Route[] = [
  {
    name: 'getRepository',
    method: 'GET',
    path: repo,
    answer: ({ repository, render }) => ({ status: 200, body: render.repository(repository) }),
  },
  {
    name: 'listWorkflows',
    method: 'GET',
    path: `${repo}/actions/workflows`,
    isList: true,
    answer: ({ repository, query, render }) => ({
      status: 200,
      body: {
        total_count: repository.workflows.length,
        workflows: pageOf(repository.workflows, query).map((one) => render.workflow(repository, one)),
      },
    }),
  },
  {
    name: 'getWorkflow',
    method: 'GET',
    path: `${repo}/actions/workflows/{workflow_id}`,
    answer: (call) => {
      const workflow = findWorkflow(call)
      return workflow ? { status: 200, body: call.render.workflow(call.repository, workflow) } : notFound
    },
  },
  {
    name: 'enable',
    method: 'PUT',
    path: `${repo}/actions/workflows/{workflow_id}/enable`,
    answer: switchTo('active'),
  },
  {
    name: 'disable',
    method: 'PUT',
    path: `${repo}/actions/workflows/{workflow_id}/disable`,
    answer: switchTo('disabled_manually'),
  },
  {
    name: 'dispatch',
    method: 'POST',
    path: `${repo}/actions/workflows/{workflow_id}/dispatches`,
    answer: dispatch,
  },
  {
    name: 'listRunsOf',
    method: 'GET',
    path: `${repo}/actions/workflows/{workflow_id}/runs`,
    isList: true,
    answer: (call) => {
      const workflow = findWorkflow(call)
      if (!workflow) return notFound
      return listRuns(
        call,
        call.repository.runs.filter((run) => run.workflowId === workflow.id),
        true,
      )
    },
  },
  {
    name: 'listRuns',
    method: 'GET',
    path: `${repo}/actions/runs`,
    isList: true,
    answer: (call) => listRuns(call, call.repository.runs, false),
  },
  {
    name: 'getRun',
    method: 'GET',
    path: `${repo}/actions/runs/{run_id}`,
    answer: (call) => {
      const run = findRun(call)
      return run ? { status: 200, body: call.render.run(call.repository, run) } : notFound
    },
  },
  { name: 'listJobs', method: 'GET', path: `${repo}/actions/runs/{run_id}/jobs`, answer: listJobs },
  {
    name: 'listAttemptJobs',
    method: 'GET',
    path: `${repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs`,
    answer: listJobs,
  },
  { name: 'jobLog', method: 'GET', path: `${repo}/actions/jobs/{job_id}/logs`, answer: jobLog },
  { name: 'rerun', method: 'POST', path: `${repo}/actions/runs/{run_id}/rerun`, answer: rerun },
  {
    name: 'rerunFailed',
    method: 'POST',
    path: `${repo}/actions/runs/{run_id}/rerun-failed-jobs`,
    answer: rerun,
  },
  {
    name: 'cancel',
    method: 'POST',
    path: `${repo}/actions/runs/{run_id}/cancel`,
    answer: (call) => {
      const run = findRun(call)
      if (!run) return notFound
      if (run.status === 'completed') return refuse(409, 'Cannot cancel a workflow run that is completed.')
      run.status = 'completed'
      run.conclusion = 'cancelled'
      run.completesAt = undefined
      return { status: 202, body: {} }
    },
  },
  { name: 'getFile', method: 'GET', path: `${repo}/contents/{path}`, answer: getFile },
  { name: 'putFile', method: 'PUT', path: `${repo}/contents/{path}`, answer: putFile },
  {
    name: 'getRef',
    method: 'GET',
    path: `${repo}/git/ref/{ref}`,
    answer: ({ repository, params, render }) => {
      const branch = decodeURIComponent(params.ref ?? '').replace(/^heads\//, '')
      const found = repository.branches.get(branch)
      return found ? { status: 200, body: render.ref(repository, branch, found.sha) } : notFound
    },
  },
  {
    name: 'createRef',
    method: 'POST',
    path: `${repo}/git/refs`,
    answer: ({ repository, body, render }) => {
      const branch = String(body.ref ?? '').replace(/^refs\/heads\//, '')
      if (repository.branches.has(branch)) return refuse(422, 'Reference already exists')
      const from = [...repository.branches.values()].find(({ sha }) => sha === body.sha)
      if (!from) return refuse(422, 'Object does not exist')
      repository.branches.set(branch, { sha: from.sha, files: new Map(from.files) })
      return { status: 201, body: render.ref(repository, branch, from.sha) }
    },
  },
  {
    name: 'deleteRef',
    method: 'DELETE',
    path: `${repo}/git/refs/{ref}`,
    answer: ({ repository, params }) => {
      const branch = decodeURIComponent(params.ref ?? '').replace(/^heads\//, '')
      if (!repository.branches.delete(branch)) return refuse(422, 'Reference does not exist')
      return { status: 204 }
    },
  },
  {
    name: 'listPulls',
    method: 'GET',
    path: `${repo}/pulls`,
    isList: true,
    answer: ({ repository, query, render }) => {
      const head = query.get('head')?.replace(/^[^:]*:/, '')
      const state = query.get('state') ?? 'open'
      const found = repository.pulls.filter(
        (pull) =>
          pull.head === (head ?? pull.head) &&
          pull.base === (query.get('base') ?? pull.base) &&
          (state === 'all' || pull.state === state),
      )
      return {
        status: 200,
        body: pageOf(found, query).map((pull) => render.pull(repository, pull, 'pull-request-simple')),
      }
    },
  },
  { name: 'createPull', method: 'POST', path: `${repo}/pulls`, answer: createPull },
  { name: 'updatePull', method: 'PATCH', path: `${repo}/pulls/{pull_number}`, answer: updatePull },
]
