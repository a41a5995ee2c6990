import { type GitServer, readBranches, readTip, tokenFor } from '../../clients/git/server.ts'
import { ReconcileError } from '../../core/errors.ts'
import { readGitAddress } from '../../core/git-address.ts'
import type { Workspace } from '../workspace.ts'
import type { Followed } from './followed.ts'

/** What only the host of a repository, and who signs its calls, may be told. */
export interface Credentials {
  readonly token: string | undefined
  readonly hookSecret: string | undefined
}

/** A workspace whose manifests are fetched. */
export type FetchedWorkspace = Workspace & { readonly followed: Followed }

/** How the repository of a workspace is spoken to. */
export function serverOf(
  { call, clock, followed }: FetchedWorkspace,
  credentials: Credentials,
  signal: AbortSignal,
): GitServer {
  const reading = readGitAddress(followed.settings.url)
  if (reading.type === 'fault') {
    throw new ReconcileError('UsageInvalid', `Cannot follow the repository: its address ${reading.message}`, {
      hint: reading.hint,
    })
  }
  const { address } = reading
  const token = credentials.token === undefined ? undefined : tokenFor(address, credentials.token)
  return { address, token, env: call.env, clock, signal }
}

/** Before the very first start: rejects where the branch cannot be read, so that a wrong address leaves no trace. */
export async function assertBranchExists(
  workspace: FetchedWorkspace,
  credentials: Credentials,
): Promise<void> {
  const { url, branch } = workspace.followed.settings
  const server = serverOf(workspace, credentials, workspace.call.signal)
  const tip = await readTip(server, branch).catch((error: unknown) => {
    if (!(error instanceof ReconcileError) || error.code === 'ProgramMissing') throw error
    throw new ReconcileError('SourceUnreadable', `Cannot read ${url}: ${error.message}`, {
      cause: error,
      hint: 'Nothing was changed. Try `git ls-remote` with this address; a token goes into RECONCILE_GIT_TOKEN.',
    })
  })
  if (tip !== undefined) return
  const others = await readBranches(server).catch(() => [])
  throw new ReconcileError('SourceUnreadable', `The branch ${branch} is not in ${url}`, {
    hint: others.length > 0 ? `It has ${others.join(', ')}.` : 'It has no branch at all: push one first.',
  })
}
