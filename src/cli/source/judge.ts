import { join, relative, resolve } from 'node:path'
import type { GitPlace } from '../../clients/git/repository.ts'
import { whyNotSigned } from '../../clients/git/verify.ts'
import { candidateFolder, layOutCandidate, whyTooLarge } from '../../clients/git/work-tree.ts'
import { type Diagnostic, isError } from '../../core/diagnostic.ts'
import { type Commit, type GitSettings, originOf } from '../../core/source.ts'
import { type Manifests, readManifests } from '../../manifests/read.ts'
import { allowancesOf } from '../read-declaration.ts'
import type { FetchedWorkspace } from './git-server.ts'

/** What is to be said of a commit before it counts. */
export interface Judgement {
  /** Why it does not count; undefined: it does. One sentence. */
  readonly fault: string | undefined
  /** With places as they are in the repository. */
  readonly diagnostics: readonly Diagnostic[]
  /** A repository that its own Fleet names, and that is not the one that is followed. */
  readonly otherSource: string | undefined
}

/**
 * Judges a commit beside the one that counts: whether it is signed as it must be, and whether its manifests, in the
 * environment of the fleet, are right and declare something. Nothing of it is run.
 */
export async function judgeCommit(
  workspace: FetchedWorkspace,
  place: GitPlace,
  judged: { readonly commit: Commit; readonly secretKey: string },
): Promise<Judgement> {
  const { settings } = workspace.followed
  const { id } = judged.commit
  const unsigned = settings.signatures && (await whyNotSigned(place, id, settings.signatures))
  if (unsigned !== undefined) return { fault: unsigned, diagnostics: [], otherSource: undefined }
  const excess = await whyTooLarge(place, id)
  if (excess !== undefined) return { fault: `it ${excess}`, diagnostics: [], otherSource: undefined }
  const folder = await layOutCandidate(place, id)
  const declaration = await readCandidate(workspace, join(folder, settings.path), judged.secretKey)
  const diagnostics = declaration.diagnostics.map((each) => placedInRepository(workspace, each))
  return {
    fault: faultOf(declaration, diagnostics, workspace),
    diagnostics,
    otherSource: otherSourceOf(declaration, settings),
  }
}

/** As the controller will read it, with nothing to stand in for what is broken, and nothing run. */
function readCandidate(workspace: FetchedWorkspace, folder: string, secretKey: string): Promise<Manifests> {
  const { call, environment, reconcilers, clock } = workspace
  return readManifests({
    paths: [folder],
    cwd: call.cwd,
    environment,
    reconcilers,
    env: call.env,
    allow: allowancesOf(workspace),
    runCommand: undefined,
    secretKey,
    now: clock.now(),
    mask: call.mask,
  })
}

/** A person knows the files of the repository, and nothing of where it was laid out to be judged. */
function placedInRepository({ call, followed }: FetchedWorkspace, diagnostic: Diagnostic): Diagnostic {
  const candidate = candidateFolder({ folder: followed.gitFolder })
  const within = (text: string) => text.replaceAll(`${candidate}/`, '').replaceAll(candidate, '.')
  const { position, message, hint } = diagnostic
  return {
    ...diagnostic,
    message: within(message),
    ...(hint !== undefined && { hint: within(hint) }),
    position: { ...position, file: resolve(call.cwd, relative(candidate, position.file)) },
  }
}

function faultOf(
  declaration: Manifests,
  diagnostics: readonly Diagnostic[],
  { call }: FetchedWorkspace,
): string | undefined {
  const errors = diagnostics.filter(isError)
  const [first] = errors
  if (!first) return declaration.resources.length === 0 ? 'it declares nothing' : undefined
  const { file, line, column } = first.position
  const place = `${relative(call.cwd, file)}:${line}:${column}`
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return `${place} ${first.code}: ${first.message}${more}`
}

/** What is followed is said where the controller was started: a commit cannot send the fleet to another repository. */
function otherSourceOf({ fleet }: Manifests, followed: GitSettings): string | undefined {
  if (!fleet.git) return undefined
  const named = originOf(fleet.git.settings)
  return named === originOf(followed) ? undefined : named
}
