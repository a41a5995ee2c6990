import { fetchCommit, type GitPlace, hasCommits, keepCommits } from '../../clients/git/repository.ts'
import { type GitServer, readTip } from '../../clients/git/server.ts'
import { whyNotSigned } from '../../clients/git/verify.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type { Commit, SignaturePolicy, SourceRecord } from '../../core/source.ts'
import { commitText } from '../../reports/source-text.ts'

/** Of the commits that counted those that still can. */
export type KeptCommits = Pick<SourceRecord, 'applied' | 'good'>

/**
 * Of the commits that counted those that are here: what a damaged repository lost is fetched again, and what the server
 * has no more is let go of. Rejects where the commit that the fleet is at is lost while the server cannot be asked.
 */
export async function recoverCommits(
  place: GitPlace,
  server: GitServer,
  { applied, good, git }: SourceRecord,
): Promise<KeptCommits> {
  const counted = [...(applied ? [applied] : []), ...good]
  if (await hasCommits(place, idsOf(counted))) return { applied, good }
  const isHad = async ({ id }: Commit) =>
    (await hasCommits(place, [id])) || (await fetchCommit(place, server, id))
  const stays = applied && (await isHad(applied)) ? applied : undefined
  // A server that is away may still have it: only one that answers says that it is gone.
  if (applied && !stays) await readTip(server, git.branch).catch(refuseToForget(applied, git.url))
  const kept: Commit[] = []
  for (const commit of good) if (await isHad(commit)) kept.push(commit)
  await keepCommits(place, idsOf(kept))
  return { applied: stays, good: kept }
}

/** Of the commits that counted those that bear the signature which is required now. */
export async function signedCommits(
  place: GitPlace,
  policy: SignaturePolicy,
  { applied, good }: KeptCommits,
): Promise<KeptCommits> {
  const isSigned = async ({ id }: Commit) => (await whyNotSigned(place, id, policy)) === undefined
  const kept: Commit[] = []
  for (const commit of good) if (await isSigned(commit)) kept.push(commit)
  return { applied: applied && (await isSigned(applied)) ? applied : undefined, good: kept }
}

function idsOf(commits: readonly Commit[]): readonly string[] {
  return commits.map(({ id }) => id)
}

function refuseToForget(applied: Commit, url: string) {
  return (error: unknown): never => {
    if (!(error instanceof ReconcileError)) throw error
    throw new ReconcileError(
      'SourceUnreadable',
      `Cannot fetch ${commitText(applied)} of ${url} again: ${messageOf(error)}`,
      {
        cause: error,
        hint: 'The repository that is kept here was damaged and has lost the commit that the fleet is at. Nothing was changed.',
      },
    )
  }
}
