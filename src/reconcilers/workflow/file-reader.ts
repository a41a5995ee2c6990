import { readFile } from 'node:fs/promises'
import { blobSha } from '../../clients/github/blob-sha.ts'
import type { GithubClient } from '../../clients/github/client.ts'
import { repositoryOf } from '../../clients/github/repository.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type { ObservedFile } from './observed.ts'
import { branchOf, type DesiredWorkflow, sourceOf } from './place.ts'
import { contentIn, proposalBranchOf } from './proposal.ts'

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
  desired: DesiredWorkflow,
  signal: AbortSignal,
): Promise<ObservedFile | undefined> {
  const content = await readSource(desired)
  if (!content) return undefined
  const repository = repositoryOf(desired.spec.repository)
  const branch = branchOf(desired)
  const [found, pull] = await Promise.all([
    github.findFile(repository, { path: desired.spec.path, branch }, signal),
    desired.spec.delivery === 'pull-request'
      ? github.findPull(repository, { head: proposalBranchOf(desired), base: branch }, signal)
      : undefined,
  ])
  return {
    wanted: blobSha(content),
    found,
    pull: pull && { ...pull, content: contentIn(pull.body) },
  }
}
