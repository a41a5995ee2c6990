import { createHash } from 'node:crypto'
import { branchOf, type DesiredWorkflow } from './place.ts'

/** A pull request of ours, by the branches that it is from and into. */
export interface Proposal {
  readonly head: string
  readonly base: string
}

/** The one that the manifest asks for; undefined: it asks for none. */
export function proposalOf(desired: DesiredWorkflow): Proposal | undefined {
  const { source, delivery } = desired.spec
  if (source === undefined || delivery !== 'pull-request') return undefined
  return { head: proposalBranchOf(desired), base: branchOf(desired) }
}

export function isSameProposal(a: Proposal, b: Proposal): boolean {
  return a.head === b.head && a.base === b.base
}

/** The one branch that carries our proposals for a file: the same for the same file, whoever asks. */
function proposalBranchOf(desired: DesiredWorkflow): string {
  const { path } = desired.spec
  const name = path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ya?ml$/, '')
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
  const tail = createHash('sha256')
    .update(`${path}\0${branchOf(desired)}`)
    .digest('hex')
    .slice(0, 8)
  return `reconciled/${name}-${tail}`
}

/** What a pull request says of its content, so that we know it again when a person has closed it. */
export function proposalBody(desired: DesiredWorkflow, content: string): string {
  return [
    `\`${desired.spec.path}\` on \`${branchOf(desired)}\` differs from its declared source.`,
    'Merging this brings it in step. It is kept up to date, and closed when it is no longer needed.',
    '',
    `<!-- reconciled content ${content} -->`,
  ].join('\n')
}

/**
 * What one that is not needed any more says. It names no content, so that it is not taken for one that a person closed
 * because they did not want that content.
 */
export const mootBody = [
  'Closed, because what this proposes is not needed any more: the branch has it, or it is not declared now.',
  'Should it be needed again, there will be a new pull request.',
].join('\n')

/** git's name of the content that a pull request proposes; undefined: it does not say. */
export function contentIn(body: string): string | undefined {
  return /<!-- reconciled content ([0-9a-f]{40}) -->/.exec(body)?.[1]
}
