import type { WorkflowAction } from './action.ts'
import { actionOf, isIgnored, type WorkflowPair } from './pair.ts'
import { branchOf, type DesiredWorkflow } from './place.ts'

/** What brings the file on the branch in step with the source here. */
export function fileActions(pair: WorkflowPair, desired: DesiredWorkflow): readonly WorkflowAction[] {
  const file = pair.observed?.file
  if (!file || isIgnored(desired, 'source')) return []
  const branch = branchOf(desired)
  const { pull } = file
  const isOpen = pull?.state === 'open'
  const own = { file: { wanted: file.wanted, found: file.found }, pull: pull?.number }
  if (file.found === file.wanted) {
    if (!isOpen) return []
    const summary = `close pull request #${pull.number}`
    const reason = `${branch} already has its content`
    return [actionOf(pair, { type: 'close-pull', verb: 'run', summary, reason, ...own })]
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

/** git's own short form. */
function shortSha(sha: string | undefined): string | null {
  return sha === undefined ? null : sha.slice(0, 12)
}
