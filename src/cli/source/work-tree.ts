import { existsSync } from 'node:fs'
import { prepareRepository } from '../../clients/git/repository.ts'
import { bringCurrentTo, unfinishedMark } from '../../clients/git/work-tree.ts'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import { readSource } from '../../state/source.ts'
import type { Invocation } from '../invocation.ts'
import type { Followed } from './followed.ts'

/** Checking out a commit takes a moment; a controller that was killed in it leaves the mark for longer. */
const patience: Duration = 3000
const poll: Duration = 50

/**
 * For whoever acts and is no controller: the work tree is at the commit that counts, which one who was killed may have
 * left half done. Asks no server. The lease must be held.
 */
export async function bringWorkTree(
  workspace: {
    readonly followed?: Followed
    readonly environment: string | undefined
    readonly call: Pick<Invocation, 'env' | 'signal'>
    readonly clock: Clock
  },
  store: Store,
): Promise<void> {
  const { followed, environment, call, clock } = workspace
  const record = followed && (await readSource({ store, environment }))
  if (!followed || !record) return
  if (!record.applied) {
    const { branch, url } = record.git
    throw new ReconcileError(
      'SourceUnreadable',
      `Cannot act on ${branch} of ${url}: none of its commits counts`,
      {
        hint: 'Start the controller: it takes the newest that is good, or says why it does not.',
      },
    )
  }
  const place = { folder: followed.gitFolder, env: call.env, clock, signal: call.signal }
  await prepareRepository(place)
  await bringCurrentTo(place, record.applied.id, record.git.path)
}

/** For whoever only reads: waits until the work tree is not on its way between two commits; false: it stays so. */
export async function isWorkTreeSettled(gitFolder: string, clock: Clock): Promise<boolean> {
  const mark = unfinishedMark({ folder: gitFolder })
  const end = clock.monotonic() + patience
  while (existsSync(mark)) {
    if (clock.monotonic() > end) return false
    await clock.sleep(poll)
  }
  return true
}
