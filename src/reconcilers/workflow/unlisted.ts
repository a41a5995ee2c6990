import type { History } from '../../core/reconciler.ts'
import type { WorkflowPair } from './pair.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'
import { nothingTried } from './remedy.ts'
import type { Verdict } from './verdict.ts'

/** Milliseconds that GitHub has to list a workflow whose file is on the default branch. He needs seconds. */
const patience = 600_000

/** What its file says of a workflow that GitHub does not list: on another branch than the default one that may be so for good. */
export function judgeUnlisted(pair: WorkflowPair, desired: DesiredWorkflow, history: History): Verdict {
  const branch = branchOf(desired)
  const reason = 'NotRegistered'
  const recheckAfter = 10_000
  const where = `the file is on ${branch}`
  const defaultBranch = defaultBranchOf(pair, desired)
  if (defaultBranch !== branch) {
    const message = `${where}, where GitHub does not list the workflow before it ran once; on ${defaultBranch}, the default branch, it would`
    return { status: 'Degraded', reason, message, recheckAfter }
  }
  if (history.now - (toldSince(history) ?? history.now) < patience) {
    const message = `${where}, and GitHub does not list the workflow yet`
    return { status: 'Progressing', reason, message, recheckAfter }
  }
  const message = `${where}, and GitHub has not listed the workflow for more than ${patience / 60_000} minutes: Actions may be off for the repository`
  const remedy = nothingTried(pair, desired, 'GitHub does not list it')
  return { status: 'Degraded', reason, message, remedy }
}

/** Since when it is so, epoch milliseconds: kept with its measurements, because what GitHub does not list is nobody's yet. */
export function measureUnlisted(
  pair: WorkflowPair,
  desired: DesiredWorkflow,
  history: History,
): Readonly<Record<string, number>> {
  if (!pair.observed) return {}
  const { workflow, file } = pair.observed
  const isListed = workflow !== undefined && workflow.state !== 'deleted'
  const isLate =
    !isListed && file?.found !== undefined && defaultBranchOf(pair, desired) === branchOf(desired)
  if (isLate) return { unlistedSince: toldSince(history) ?? history.now }
  // That it is over is written once: what is well may measure nothing.
  return toldSince(history) === undefined ? {} : { unlistedSince: 0 }
}

/** Undefined: when it was last looked at it was not so. */
function toldSince({ samples }: History): number | undefined {
  return samples.at(-1)?.values.unlistedSince || undefined
}

/** Not told: it is the declared one, because that is the usual one. */
function defaultBranchOf({ observed }: WorkflowPair, desired: DesiredWorkflow): string {
  return observed?.file?.defaultBranch ?? branchOf(desired)
}
