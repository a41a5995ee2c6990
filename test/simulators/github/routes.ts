import { commentRoutes } from './comment-routes.ts'
import { gitRoutes } from './git-routes.ts'
import { jobOf, logOf } from './render.ts'
import { type Answer, type Call, notFound, pageOf, type Route, refuse, repo } from './route.ts'
import type { SimulatedRun, SimulatedWorkflow } from './world.ts'

const month = 30 * 86_400_000
const rerunLimit = 50

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
    body: {
      total_count: matching.length,
      workflow_runs: page.map((run) =>
        render.run(repository, (call.showsOlderAttempts && run.before) || run),
      ),
    },
  }
}

function rerun(call: Call): Answer {
  const run = findRun(call)
  if (!run) return notFound
  if (run.status !== 'completed') return refuse(403, 'This workflow is already running')
  if (run.conclusion === 'startup_failure') return refuse(403, 'This workflow run cannot be retried')
  if (call.world.now() - run.createdAt > month) {
    return refuse(403, 'Unable to retry this workflow run because it was created over a month ago')
  }
  // Since 2026-04-10 what is over the limit is taken, and fails its checks instead of running.
  if (run.attempt <= rerunLimit) call.repository.restart(run)
  return { status: 201, body: {} }
}

function listJobs(call: Call): Answer {
  const run = findRun(call)
  if (!run) return notFound
  const jobs = Array.from({ length: run.jobs }, (_, index) => call.render.job(call.repository, run, index))
  return { status: 200, body: { total_count: jobs.length, jobs: pageOf(jobs, call.query) } }
}

function jobLog(call: Call): Answer {
  const [runId, index] = jobOf(Number(call.params.job_id))
  const run = call.repository.runs.find(({ id }) => id === runId)
  if (!run || index >= run.jobs) return notFound
  if (run.hasLostLogs) return refuse(410, 'The logs for this run have expired and are no longer available.')
  return { status: 302, headers: { location: call.store(logOf(call.repository, run, index)) } }
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
  const { body, repository, apiVersion, tellsRuns } = call
  const workflow = findWorkflow(call)
  if (!workflow) return notFound
  // As benc-uk/workflow-dispatch#86 shows it of Enterprise 3.19.
  if (!tellsRuns && 'return_run_details' in body) {
    return refuse(422, 'Invalid request.\n\n"return_run_details" is not a permitted key.')
  }
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
  ...gitRoutes,
  ...commentRoutes,
]
