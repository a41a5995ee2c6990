import type { WorkflowAction } from './action.ts'
import type { ObservedFile, ObservedPull } from './observed.ts'
import { actionOf, isIgnored, type WorkflowPair } from './pair.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'

/** Closes what was proposed once and is not asked for any more; `verb` is `delete` with the workflow's own deletion. */
export function abandonActions(pair: WorkflowPair, verb: 'run' | 'delete'): readonly WorkflowAction[] {
  return (pair.observed?.abandoned ?? []).map((pull) =>
    closingOf(pair, pull, { verb, reason: 'what it proposes is not declared any more' }),
  )
}

function closingOf(
  pair: WorkflowPair,
  { number, head }: ObservedPull,
  said: { readonly verb: 'run' | 'delete'; readonly reason: string },
): WorkflowAction {
  const pull = { number, head }
  return actionOf(pair, { type: 'close-pull', summary: `close pull request #${number}`, ...said, pull })
}

/** What brings the file on the branch in step with the source here. */
export function fileActions(pair: WorkflowPair, desired: DesiredWorkflow): readonly WorkflowAction[] {
  const file = pair.observed?.file
  if (!file || isIgnored(desired, 'source')) return []
  const branch = branchOf(desired)
  const { pull } = file
  const isOpen = pull?.state === 'open'
  const own = {
    file: { wanted: file.wanted, found: file.found },
    isUncontested: isSourceAhead(file, desired),
  }
  if (file.found === file.wanted) {
    if (!isOpen) return []
    return [closingOf(pair, pull, { verb: 'run', reason: `${branch} already has its content` })]
  }
  const verb = file.found === undefined ? ('create' as const) : ('update' as const)
  const reason = file.found === undefined ? 'the file does not exist' : 'drifted'
  const changes = [
    { path: 'source', before: shortSha(file.found), after: shortSha(file.wanted), sensitive: false },
  ]
  if ((desired.spec.delivery ?? 'commit') === 'commit') {
    const summary = `commit ${desired.spec.path} to ${branch}`
    return [actionOf(pair, { type: 'commit-file', verb, summary, reason, changes, ...own })]
  }
  if (isOpen && pull.content === file.wanted) return []
  const isRefused = pull?.state === 'closed' && !pull.isMerged && pull.content === file.wanted
  return [
    actionOf(pair, {
      type: 'propose-file',
      verb,
      summary: isOpen
        ? `update pull request #${pull.number} for ${desired.spec.path}`
        : `open a pull request for ${desired.spec.path} on ${branch}`,
      reason,
      changes,
      ...own,
      ...(isRefused && {
        blocked: {
          reason: 'NotAllowed' as const,
          message: `a person closed pull request #${pull.number} with this very content; change the source, or merge it`,
        },
      }),
    }),
  ]
}

/** Whether what we delivered last is where we brought it still, and the source holds something else by now. */
function isSourceAhead({ wanted, found, delivered, pull }: ObservedFile, { spec }: DesiredWorkflow): boolean {
  if (delivered === undefined || delivered === wanted) return false
  const isProposed = spec.delivery === 'pull-request' && pull?.state === 'open'
  return (isProposed ? pull.content : found) === delivered
}

/** git's own short form. */
function shortSha(sha: string | undefined): string | null {
  return sha === undefined ? null : sha.slice(0, 12)
}
