import { blobSha } from '../../clients/github/blob-sha.ts'
import type { GithubClient } from '../../clients/github/client.ts'
import { type Repository, repositoryOf } from '../../clients/github/repository.ts'
import { compareRuns } from '../../clients/github/workflow-run.ts'
import { assertNever } from '../../core/assert-never.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { WorkflowAction } from './action.ts'
import { readSource } from './file-reader.ts'
import type { DesiredWorkflow } from './place.ts'
import { mootBody, proposalBody, proposalOf } from './proposal.ts'

/** Where actions are taken, and who is told that a dispatch was: with the run that GitHub makes, where he says which. */
export interface Applying {
  readonly github: GithubClient
  readonly accepted: (run: number | undefined) => Promise<void>
}

/** Takes one action. What it was decided on is read anew from the thing itself, never from a list, before a write. */
export async function applyWorkflowAction(
  { github, accepted }: Applying,
  action: WorkflowAction,
  signal: AbortSignal,
): Promise<void> {
  const repository = repositoryOf(action.repository)
  const { forWriting } = github
  switch (action.type) {
    case 'enable':
      return github.enableWorkflow(repository, idOf(action), signal)
    case 'disable':
      return github.disableWorkflow(repository, idOf(action), signal)
    case 'rerun':
    case 'rerun-failed':
      return rerun(forWriting, repository, action, signal)
    case 'dispatch':
      return accepted(await dispatch(forWriting, repository, action, signal))
    case 'commit-file':
      return commitFile(forWriting, repository, action, signal)
    case 'propose-file':
      return proposeFile(forWriting, repository, action, signal)
    case 'close-pull':
      return closePull(forWriting, repository, action, signal)
    case 'resolve':
      throw new ReconcileError('Internal', `Could not ${action.summary}: it is for a person to decide`)
    default:
      return assertNever(action.type)
  }
}

function idOf(action: WorkflowAction): number {
  if (action.workflowId === undefined) {
    throw new ReconcileError('RemoteChanged', `Could not ${action.summary}: GitHub lists no ${action.path}`)
  }
  return action.workflowId
}

/** One attempt follows another: where the run has a later one already, what was wanted has happened. */
async function rerun(
  github: GithubClient,
  repository: Repository,
  action: WorkflowAction,
  signal: AbortSignal,
): Promise<void> {
  const { run } = action
  if (!run) throw new ReconcileError('Internal', `Could not ${action.summary}: no run is named`)
  const now = await github.getRun(repository, run.id, signal)
  if (!now) throw new ReconcileError('RemoteChanged', `Could not ${action.summary}: the run was deleted`)
  if (now.attempt > run.attempt || now.status !== 'completed') return
  // Read last: a fix that was pushed while this was decided must not be overtaken by the commit that it mends.
  await assertNoneCame(github, repository, action, signal)
  await github.rerun(repository, { id: run.id, failedOnly: action.type === 'rerun-failed' }, signal)
}

async function dispatch(
  github: GithubClient,
  repository: Repository,
  action: WorkflowAction,
  signal: AbortSignal,
): Promise<number | undefined> {
  const workflowId = idOf(action)
  await assertNoneCame(github, repository, action, signal)
  const inputs = action.desired?.spec.dispatch?.inputs ?? {}
  return github.dispatch(repository, { workflowId, branch: action.branch, inputs }, signal)
}

/** A run that came meanwhile may be the very one that is wanted, or of a newer commit: then it is decided anew. */
async function assertNoneCame(
  github: GithubClient,
  repository: Repository,
  action: WorkflowAction,
  signal: AbortSignal,
): Promise<void> {
  const { runs } = await github.listRunsOf(repository, { workflowId: idOf(action) }, signal)
  const [newest] = runs.filter((run) => run.branch === action.branch && run.isOwnBranch).sort(compareRuns)
  if (!newest || newest.id <= (action.newestRun ?? 0)) return
  throw new ReconcileError('RemoteChanged', `Did not ${action.summary}: run ${newest.id} has come meanwhile`)
}

async function contentOf(action: WorkflowAction): Promise<{ content: Buffer; desired: DesiredWorkflow }> {
  const { desired } = action
  const content = desired && (await readSource(desired))
  if (!desired || !content) {
    throw new ReconcileError('Internal', `Could not ${action.summary}: it has no source`)
  }
  if (blobSha(content) !== action.file?.wanted) {
    throw new ReconcileError('RemoteChanged', `Did not ${action.summary}: its source has changed meanwhile`)
  }
  return { content, desired }
}

async function commitFile(
  github: GithubClient,
  repository: Repository,
  action: WorkflowAction,
  signal: AbortSignal,
): Promise<void> {
  const { content } = await contentOf(action)
  const { path, branch } = action
  const found = await github.findFile(repository, { path, branch }, signal)
  if (found === action.file?.wanted) return
  if (found !== action.file?.found) {
    throw new ReconcileError('RemoteChanged', `Did not ${action.summary}: somebody changed it meanwhile`)
  }
  const message = `${found === undefined ? 'Add' : 'Update'} ${path} as declared`
  await github.putFile(repository, { path, branch, content, replaces: found, message }, signal)
}

/**
 * Branch, file, pull request: each step is left out where it is done already, so that cut off it is just taken up.
 * Without an open pull request the branch is made anew from the head that it is proposed to: what is left of an earlier
 * one was merged or refused, and could not be merged again.
 */
async function proposeFile(
  github: GithubClient,
  repository: Repository,
  action: WorkflowAction,
  signal: AbortSignal,
): Promise<void> {
  const { content, desired } = await contentOf(action)
  const proposal = proposalOf(desired)
  if (!proposal)
    throw new ReconcileError('Internal', `Could not ${action.summary}: nothing is to be proposed`)
  const { path } = action
  const { head: name, base } = proposal
  const wanted = blobSha(content)
  const pull = await github.findPull(repository, proposal, signal)
  const open = pull?.state === 'open' ? pull : undefined
  if (!open) {
    const head = await github.headOf(repository, base, signal)
    if (head === undefined) {
      throw new ReconcileError('RemoteRefused', `Could not ${action.summary}: there is no branch ${base}`)
    }
    await github.placeBranch(repository, { name, at: head }, signal)
  }
  const found = await github.findFile(repository, { path, branch: name }, signal)
  // Somebody was quicker: there is nothing to propose any more.
  if (!open && found === wanted) return github.deleteBranch(repository, name, signal)
  if (found !== wanted) {
    const message = `${found === undefined ? 'Add' : 'Update'} ${path} as declared`
    await github.putFile(repository, { path, branch: name, content, replaces: found, message }, signal)
  }
  const body = proposalBody(desired, wanted)
  if (open) {
    if (open.body !== body) await github.updatePull(repository, { number: open.number, body }, signal)
    return
  }
  const title = `Bring ${path} in step with its declaration`
  await github.openPull(repository, { ...proposal, title, body }, signal)
}

/**
 * Open is what tells that there is something to be closed, so that comes last: cut off before it, the next pass does
 * the rest. GitHub closes it with its branch anyway.
 */
async function closePull(
  github: GithubClient,
  repository: Repository,
  action: WorkflowAction,
  signal: AbortSignal,
): Promise<void> {
  const { pull } = action
  if (pull === undefined) return
  await github.updatePull(repository, { number: pull.number, body: mootBody }, signal)
  await github.deleteBranch(repository, pull.head, signal)
  await github.updatePull(repository, { number: pull.number, state: 'closed' }, signal)
}
