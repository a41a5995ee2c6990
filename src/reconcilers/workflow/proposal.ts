import { createHash } from 'node:crypto'
import { branchOf, type DesiredWorkflow } from './place.ts'

/** The one branch that carries our proposals for a file: the same for the same file, whoever asks. */
export function proposalBranchOf(desired: DesiredWorkflow): string {
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

/** git's name of the content that a pull request proposes; undefined: it does not say. */
export function contentIn(body: string): string | undefined {
  return /<!-- reconciled content ([0-9a-f]{40}) -->/.exec(body)?.[1]
}
