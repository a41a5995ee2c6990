import { readFile } from 'node:fs/promises'
import { blobSha } from '../../clients/github/blob-sha.ts'
import type { GithubClient } from '../../clients/github/client.ts'
import type { Repository } from '../../clients/github/repository.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type { Owned } from '../../core/ownership.ts'
import { memoryOf } from './memory.ts'
import type { ObservedFile, ObservedPull } from './observed.ts'
import { branchOf, type DesiredWorkflow, sourceOf } from './place.ts'
import { contentIn, isSameProposal, type Proposal, proposalOf } from './proposal.ts'

/** The content that is wanted, read anew each time: the source is as much a declaration as the manifest. */
export async function readSource(desired: DesiredWorkflow): Promise<Buffer | undefined> {
  const path = sourceOf(desired)
  if (path === undefined) return undefined
  try {
    return await readFile(path)
  } catch (error) {
    throw new ReconcileError('ScriptMissing', `Could not read the source ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Compares the source with what is on the branch, and looks for our own pull request where one is the way. */
export async function readWorkflowFile(
  github: GithubClient,
  { repository, desired }: { readonly repository: Repository; readonly desired: DesiredWorkflow },
  signal: AbortSignal,
): Promise<ObservedFile | undefined> {
  const content = await readSource(desired)
  if (!content) return undefined
  const proposal = proposalOf(desired)
  const [found, pull] = await Promise.all([
    github.findFile(repository, { path: desired.spec.path, branch: branchOf(desired) }, signal),
    proposal && readProposal(github, repository, proposal, signal),
  ])
  return { wanted: blobSha(content), found, pull }
}

/** Looks for those that were opened once and are not asked for now; the open ones. */
export async function readAbandoned(
  github: GithubClient,
  {
    repository,
    owned,
    desired,
  }: {
    readonly repository: Repository
    readonly owned: Owned | undefined
    readonly desired: DesiredWorkflow | undefined
  },
  signal: AbortSignal,
): Promise<readonly ObservedPull[]> {
  const wanted = desired && proposalOf(desired)
  const once = memoryOf(owned).proposals.filter((one) => !wanted || !isSameProposal(one, wanted))
  const pulls = await Promise.all(once.map((one) => readProposal(github, repository, one, signal)))
  return pulls.filter((pull) => pull !== undefined).filter(({ state }) => state === 'open')
}

async function readProposal(
  github: GithubClient,
  repository: Repository,
  proposal: Proposal,
  signal: AbortSignal,
): Promise<ObservedPull | undefined> {
  const pull = await github.findPull(repository, proposal, signal)
  return pull && { ...pull, ...proposal, content: contentIn(pull.body) }
}
