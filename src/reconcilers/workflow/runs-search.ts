import type { GithubClient, RunsPage } from '../../clients/github/client.ts'
import { repositoryOf } from '../../clients/github/repository.ts'
import { compareRuns, type WorkflowRun } from '../../clients/github/workflow-run.ts'
import type { Duration } from '../../core/duration.ts'
import { newestRuns, ownRuns } from './newest-run.ts'
import type { DesiredWorkflow } from './place.ts'
import { isBehind, type SeenRuns, seenRunOf } from './seen-runs.ts'

/** Pages of 100 runs of one workflow that are looked through at most: a reading must end in time. */
const maxPages = 10

/**
 * Milliseconds by which one look overlaps the one before it, because lists lag a little. It is rounded to as much, so that
 * it is not written down anew with every run.
 */
const overlap: Duration = 600_000

/** Runs of a workflow on its branch, as far back as it took to tell which is the newest that counts. */
export interface FoundRuns {
  /** Newest first. */
  readonly list: readonly WorkflowRun[]
  /** Runs that were made before were not looked through, epoch milliseconds by GitHub's clock; undefined: all were. */
  readonly reach: number | undefined
  /** Until when all runs, of whatever branch, are looked through from now on, by GitHub's clock; undefined: there are none. */
  readonly lookedUntil: number | undefined
}

/**
 * Looks for the newest completed run on the branch: in the page of the whole repository, then in those of the workflow,
 * which may be full of other branches' runs. Once they reach back to the last look, what that found is asked for by
 * itself instead of being looked for again.
 */
export async function searchRuns(
  github: GithubClient,
  asked: {
    readonly desired: DesiredWorkflow
    readonly workflowId: number
    /** Of the whole repository, newest first. */
    readonly first: RunsPage
    readonly seen: SeenRuns
  },
  signal: AbortSignal,
): Promise<FoundRuns> {
  const { desired, workflowId, first, seen } = asked
  const own = (runs: readonly WorkflowRun[]) =>
    ownRuns(
      runs.filter((run) => run.workflowId === workflowId),
      desired,
    )
  let list: readonly WorkflowRun[] = own(first.runs)
  let reach = reachOf(first)
  let newest = first.runs[0]?.createdAt ?? 0
  const found = (): FoundRuns => ({ list, reach, lookedUntil: roundedDown(newest) ?? seen.lookedUntil })
  if (newestRuns(desired, list).completed) return found()
  for await (const page of pagesOfRuns(github, { desired, workflowId }, signal)) {
    list = mergeRuns(list, own(page.runs))
    reach = reachOf(page)
    newest = Math.max(newest, page.runs[0]?.createdAt ?? 0)
    if (newestRuns(desired, list).completed || reach === undefined) break
    if (reach > (seen.lookedUntil ?? 0)) continue
    const known = mergeRuns(list, own(await recall(github, { desired, seen, reach }, signal)))
    if (!isTelling(desired, known, seen)) continue
    list = known
    reach = undefined
    break
  }
  return found()
}

/** The runs of one workflow, newest first, page by page: some, and then many, those among them. */
export async function* pagesOfRuns(
  github: GithubClient,
  { desired, workflowId }: { readonly desired: DesiredWorkflow; readonly workflowId: number },
  signal: AbortSignal,
): AsyncGenerator<RunsPage> {
  const repository = repositoryOf(desired.spec.repository)
  for (let page = 0; page <= maxPages; page += 1) {
    const asked = page === 0 ? { workflowId } : { workflowId, page }
    const found = await github.listRunsOf(repository, asked, signal)
    yield { ...found, runs: [...found.runs].sort(compareRuns) }
    if (found.isLast) return
  }
}

/** What was seen and lies further back than was looked now, each run by itself: that is no list, and cannot be an old one. */
async function recall(
  github: GithubClient,
  asked: { readonly desired: DesiredWorkflow; readonly seen: SeenRuns; readonly reach: number },
  signal: AbortSignal,
): Promise<readonly WorkflowRun[]> {
  const { desired, seen, reach } = asked
  const repository = repositoryOf(desired.spec.repository)
  const beyond = [seen.newest, seen.judged].filter((run) => run !== undefined && run.createdAt <= reach)
  const ids = new Set(beyond.map((run) => run?.id ?? 0))
  const runs = await Promise.all([...ids].map((id) => github.getRun(repository, id, signal)))
  return runs.filter((run) => run !== undefined)
}

/** Whether it is known what health is judged by: a run that counts, or the very one of before that runs again. */
function isTelling(desired: DesiredWorkflow, list: readonly WorkflowRun[], { judged }: SeenRuns): boolean {
  if (newestRuns(desired, list).completed) return true
  return list.some((run) => run.id === judged?.id && run.status !== 'completed')
}

function reachOf({ runs, isLast }: RunsPage): number | undefined {
  return isLast ? undefined : runs.at(-1)?.createdAt
}

function roundedDown(newest: number): number | undefined {
  return newest === 0 ? undefined : Math.floor(newest / overlap) * overlap - overlap
}

/** Of a run that both show, how it is in the list that is ahead: one lags behind the other. */
export function mergeRuns(a: readonly WorkflowRun[], b: readonly WorkflowRun[]): readonly WorkflowRun[] {
  if (b.length === 0) return a
  const byId = new Map(a.map((run) => [run.id, run]))
  for (const run of b) {
    const known = byId.get(run.id)
    if (!known || isBehind(known, seenRunOf(run))) byId.set(run.id, run)
  }
  return [...byId.values()].sort(compareRuns)
}
