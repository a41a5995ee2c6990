import type { GithubClient, Job } from '../../../clients/github/client.ts'
import { repositoryOf } from '../../../clients/github/repository.ts'
import { compareRuns, type WorkflowRun } from '../../../clients/github/workflow-run.ts'
import type { Clock } from '../../../core/clock.ts'
import type { Duration } from '../../../core/duration.ts'
import { isErrorOf, messageOf, ReconcileError } from '../../../core/errors.ts'
import type { LogLine, LogOptions } from '../../../core/reconciler.ts'
import { newestRuns, ownRuns } from '../newest-run.ts'
import { branchOf, type DesiredWorkflow } from '../place.ts'
import { pagesOfRuns } from '../runs-search.ts'
import { linesOfLog, linesOfStep } from './log-lines.ts'

/** How often a newer run is looked for; with an ETag it counts nothing. GitHub gives a log only when its job has ended. */
const lookInterval: Duration = 10_000

/**
 * The log of the newest completed run on the branch: of its failed steps, or of all its jobs where nothing failed.
 * `follow` goes on with each run that ends later, until the signal.
 */
export async function* readWorkflowLogs(
  github: GithubClient,
  desired: DesiredWorkflow,
  options: LogOptions & { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const { clock, signal } = options
  const workflowId = await findWorkflowId(github, desired, signal)
  let shown: WorkflowRun | undefined
  for (;;) {
    const run = await newestRun(github, desired, workflowId, signal)
    // While the one that was shown is run again, the newest that has ended is one of before.
    if (run && (!shown || isLater(run, shown))) {
      yield* options.follow && shown
        ? followedLines(github, desired, run, options)
        : linesOfRun(github, desired, run, options)
      shown = run
    }
    if (!options.follow) return
    await clock.sleep(lookInterval, signal)
  }
}

function isLater(run: WorkflowRun, shown: WorkflowRun): boolean {
  return run.id === shown.id ? run.attempt > shown.attempt : compareRuns(run, shown) < 0
}

/** Where a run has no log, that is said in its place: the next one may have one. */
async function* followedLines(
  github: GithubClient,
  desired: DesiredWorkflow,
  run: WorkflowRun,
  options: LogOptions & { readonly signal: AbortSignal },
): AsyncGenerator<LogLine> {
  try {
    yield* linesOfRun(github, desired, run, options)
  } catch (error) {
    if (!isErrorOf(error, 'RunLogGone')) throw error
    yield { at: run.updatedAt, source: `run ${run.id}`, stream: 'err', text: messageOf(error) }
  }
}

async function findWorkflowId(
  github: GithubClient,
  { id, spec }: DesiredWorkflow,
  signal: AbortSignal,
): Promise<number> {
  const fileName = spec.path.slice(spec.path.lastIndexOf('/') + 1)
  const found = await github.findWorkflow(repositoryOf(spec.repository), fileName, signal)
  if (found?.path === spec.path) return found.id
  throw new ReconcileError(
    'NotFound',
    `Cannot show logs of ${id}: ${spec.repository} has no workflow ${spec.path}`,
  )
}

async function newestRun(
  github: GithubClient,
  desired: DesiredWorkflow,
  workflowId: number,
  signal: AbortSignal,
): Promise<WorkflowRun | undefined> {
  const own: WorkflowRun[] = []
  for await (const { runs } of pagesOfRuns(github, { desired, workflowId }, signal)) {
    own.push(...ownRuns(runs, desired))
    const { completed } = newestRuns(desired, own.sort(compareRuns))
    if (completed) return completed
  }
  return undefined
}

async function* linesOfRun(
  github: GithubClient,
  desired: DesiredWorkflow,
  run: WorkflowRun,
  { lines, signal }: LogOptions & { readonly signal: AbortSignal },
): AsyncGenerator<LogLine> {
  const repository = repositoryOf(desired.spec.repository)
  const jobs = await github.listJobs(repository, run, signal)
  if (jobs.length === 0) {
    throw new ReconcileError(
      'RunLogGone',
      `Run ${run.id} on ${branchOf(desired)} has no log: no job was started`,
      {
        hint: `GitHub says why at ${run.url}`,
      },
    )
  }
  const failed = jobs.filter(({ hasFailed }) => hasFailed)
  let isAny = false
  for (const job of failed.length > 0 ? failed : jobs) {
    const log = await github.readJobLog(repository, job.id, signal)
    if (log === undefined) continue
    isAny = true
    for (const part of partsOf(job, log)) yield* part.slice(Math.max(0, part.length - lines))
  }
  if (isAny) return
  throw new ReconcileError('RunLogGone', `GitHub keeps no log of run ${run.id} (any more)`, {
    hint: `What is left of it is at ${run.url}`,
  })
}

/** Each failed step by itself, or the whole job. */
function partsOf(job: Job, log: string): readonly (readonly LogLine[])[] {
  if (job.failedSteps.length === 0) return [linesOfLog(log, job.name)]
  return job.failedSteps.map((step) => linesOfStep(linesOfLog(log, `${job.name} / ${step.name}`), step))
}
