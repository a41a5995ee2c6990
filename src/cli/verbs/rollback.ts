import { userInfo } from 'node:os'
import { ReconcileError } from '../../core/errors.ts'
import type { Commit, SourcePin, SourceRecord } from '../../core/source.ts'
import { shortId } from '../../core/source.ts'
import { ageText } from '../../reports/age.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { commitText } from '../../reports/source-text.ts'
import { recordOutsideEvent } from '../../state/outside-event.ts'
import { readPin, readSource, savePin } from '../../state/source.ts'
import { liveController, openKeeper } from '../actor.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { typedIn } from '../surroundings.ts'
import { openState, openWorkspace } from '../workspace.ts'

/**
 * `reconcile rollback`: holds a fleet that follows a repository at one of its good commits, whatever is pushed, until
 * it is resumed. Written without the lease: a person is heard while a controller acts.
 */
export async function rollback(
  call: Invocation,
  common: CommonOptions,
  options: { readonly commit: string | undefined; readonly by: string | undefined },
): Promise<ExitStatus> {
  const workspace = await openWorkspace(call, common, { mayBeGone: true })
  if (!workspace.followed) throw followsNothing()
  const store = await openState(workspace, 'write')
  try {
    const { environment, clock } = workspace
    const place = { store, environment }
    const record = await readSource(place)
    if (!record) throw followsNothing()
    const now = clock.now()
    const target = findTarget(record, await readPin(place), { named: options.commit, now })
    const by = options.by ?? call.env.USER ?? userInfo().username
    await savePin(place, { commit: target.id, by, at: now })
    const message = sanitise(`the fleet is held at ${commitText(target)} by ${by}, until it is resumed`)
    await recordOutsideEvent(place, { at: now, type: 'Normal', reason: 'RolledBack', id: undefined, message })
    const controller = await liveController(openKeeper(workspace, store))
    const typed = typedIn(workspace)
    const who = controller
      ? `The controller (pid ${controller.pid}) goes there now.`
      : `No controller is running: the next ${typed('start')} goes there.`
    const what = `The fleet is held at ${commitText(target)}, whatever is pushed.`
    call.out.write(
      `${what} ${who}\n${typed('resume', '--source')} lets it follow ${record.git.branch} again.\n`,
    )
    return 0
  } finally {
    await store.close()
  }
}

/** The good commit that was named, or else the one before what the fleet is at; the newest where no commit counts now. */
function findTarget(
  { good, applied, git }: SourceRecord,
  pin: SourcePin | undefined,
  { named, now }: { readonly named: string | undefined; readonly now: number },
): Commit {
  const known = good.map((commit) => `${commitText(commit)}, ${ageText(commit.at, now)} old`).join('; ')
  const hint = `These were good and are kept: ${known}.`
  if (named === undefined) {
    const from = pin?.commit ?? applied?.id ?? ''
    const before = good[good.findIndex(({ id }) => id === from) + 1]
    if (before) return before
    throw new ReconcileError(
      'NotFound',
      `No good commit of ${git.branch}${from === '' ? '' : ` before ${shortId(from)}`} is known`,
      {
        hint,
      },
    )
  }
  if (!/^[0-9a-f]{4,64}$/.test(named)) {
    throw new ReconcileError('UsageInvalid', `Expected the id of a commit, got ${sanitise(named)}`, { hint })
  }
  const [first, ...others] = good.filter(({ id }) => id.startsWith(named))
  if (first && others.length === 0) return first
  throw first
    ? new ReconcileError('UsageInvalid', `Several good commits begin with ${named}`, { hint })
    : new ReconcileError('NotFound', `No good commit ${named} is known`, { hint })
}

function followsNothing(): ReconcileError {
  return new ReconcileError('NotFound', 'Cannot roll back: this fleet follows no repository', {
    hint: '`reconcile watch --git URL`, or `spec.git` of the Fleet, has it follow one. Without, edit the manifests.',
  })
}
