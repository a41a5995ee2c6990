import { existsSync } from 'node:fs'
import { ReconcileError } from '../../core/errors.ts'
import type { GitSettings } from '../../core/source.ts'
import { sourceVariables } from '../../core/token-variables.ts'
import type { Manifests } from '../../manifests/read.ts'
import type { Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { assertWorthAState, readDeclaration } from '../read-declaration.ts'
import { openState, openWorkspace, type Workspace } from '../workspace.ts'
import { type Followed, findFollowed, followedFolder, followedOf, gitFolderOf } from './followed.ts'
import { type GitOptions, settingsOf } from './git-options.ts'
import { assertBranchExists, type Credentials, type FetchedWorkspace } from './git-server.ts'

/** Where a controller works, and what it is to show to a server. */
export interface ControlledPlace {
  readonly workspace: Workspace
  /** Undefined: the manifests are what is in the folder. */
  readonly following: { readonly workspace: FetchedWorkspace; readonly credentials: Credentials } | undefined
}

/**
 * Where a controller is to work: what the command line says is followed, else what the Fleet of the folder says, else,
 * where there is no such folder, what its state remembers. One that was fetched is never asked.
 */
export async function openControlledPlace(
  call: Invocation,
  common: CommonOptions,
  options: GitOptions,
): Promise<ControlledPlace> {
  const flags = settingsOf(options, call.cwd)
  const local = await openWorkspace(call, common, { isLocal: true, mayBeGone: true })
  if (flags) return placeOf(local, { settings: flags, saidBy: 'flags', fleet: undefined })
  const isThere = local.paths.every((path) => existsSync(path))
  const fleet = isThere ? await readLocalFleet(local) : undefined
  if (fleet?.fleet.git) return placeOf(local, { settings: fleet.fleet.git.settings, saidBy: 'fleet', fleet })
  if (!isThere) {
    const remembered = await findFollowed({ ...local, from: local.folder })
    if (remembered) return placeOf(local, { ...remembered, fleet: undefined })
  }
  return { workspace: await openWorkspace(call, common, { isLocal: true }), following: undefined }
}

/** What a controller that follows a repository was told when it was started, for one that takes its place. */
export async function openControlledPlaceAgain(
  call: Invocation,
  common: CommonOptions,
): Promise<ControlledPlace> {
  const local = await openWorkspace(call, common, { isLocal: true, mayBeGone: true })
  const remembered = await findFollowed({ ...local, from: local.folder })
  if (remembered?.saidBy !== 'flags') return openControlledPlace(call, common, {})
  return placeOf(local, { ...remembered, fleet: undefined })
}

/** The Fleet of the folder itself. What else is in it is not read: it is fetched. */
async function readLocalFleet(local: Workspace): Promise<Manifests | undefined> {
  const nothing = await openState(local, 'read')
  try {
    const { declaration } = await readDeclaration(local, nothing, { mayRunCommands: false })
    const { git } = declaration.fleet
    if ([git?.token, git?.hookSecret].every((secret) => secret === undefined || secret.isRead))
      return declaration
    // One of them is what a command prints; now it is known that it is needed.
    const { declaration: read } = await readDeclaration(local, nothing, { mayRunCommands: true })
    return read
  } finally {
    await nothing.close()
  }
}

/** Before the very first start: stops where there is nothing to look after, so that a mistake leaves no trace. */
export async function assertWorthStarting({ workspace, following }: ControlledPlace): Promise<void> {
  if (!following) return assertWorthAState(workspace)
  if (!existsSync(workspace.statePath)) await assertBranchExists(following.workspace, following.credentials)
}

function placeOf(
  local: Workspace,
  said: Pick<Followed, 'saidBy'> & {
    readonly settings: GitSettings
    readonly fleet: Manifests | undefined
  },
): ControlledPlace {
  const { call, statePath, environment, folder: from } = local
  const { settings, saidBy, fleet } = said
  const gitFolder = gitFolderOf(statePath, environment)
  const followed = followedOf(settings, {
    saidBy,
    from,
    gitFolder,
    variables: new Set([...Object.values(sourceVariables), ...(fleet?.variables ?? [])]),
  })
  const folder = followedFolder(gitFolder, settings)
  const workspace = { ...local, paths: [folder], folder, followed }
  const credentials = {
    token: secretText(fleet?.fleet.git?.token) ?? (call.env[sourceVariables.token] || undefined),
    hookSecret:
      secretText(fleet?.fleet.git?.hookSecret) ?? (call.env[sourceVariables.hookSecret] || undefined),
  }
  if (settings.webhook && credentials.hookSecret === undefined) {
    throw new ReconcileError('CredentialsMissing', 'Cannot hear of pushes: the webhook has no secret', {
      hint: `Set ${sourceVariables.hookSecret}, or name another in \`spec.git.webhook.secret\`.`,
    })
  }
  return { workspace, following: { workspace, credentials } }
}

function secretText(
  secret: { readonly isRead: boolean; readonly source: string; reveal(): string } | undefined,
) {
  if (!secret) return undefined
  if (secret.isRead) return secret.reveal()
  throw new ReconcileError(
    'CredentialsMissing',
    `Cannot read a credential of \`spec.git\`: ${secret.source}`,
    {
      hint: 'Set what it refers to where the controller is started.',
    },
  )
}
