import type { Hold } from '../core/hold.ts'
import type { ResourceId } from '../core/resource.ts'
import { endOfWait } from './backoff.ts'
import type { Finding } from './finding.ts'
import { successorOf } from './former.ts'
import type { GuardInput } from './guard-input.ts'
import { recoveryOf, removalBackoff } from './recovery.ts'
import { suspensionOf } from './suspension.ts'
import { holdOnWindows } from './windows.ts'

type Circumstances = Pick<
  GuardInput,
  'view' | 'missing' | 'isComplete' | 'isAnythingDeclared' | 'allowedDeletions' | 'isBusy' | 'now'
>

/** What keeps from being deleted what is no longer declared, but for what holds all of the fleet. */
export function holdsOnRemoval(finding: Finding, input: Circumstances): readonly Hold[] {
  if (!input.isComplete) {
    return [
      {
        reason: 'ManifestsIncomplete',
        message: input.missing.includes(finding.id)
          ? 'its manifest is broken: it is left as it is until that can be read'
          : 'no longer declared, but a manifest is broken: nothing is deleted until all can be read',
        until: undefined,
      },
    ]
  }
  if (!input.isAnythingDeclared && input.allowedDeletions === undefined) {
    return [
      {
        reason: 'ManifestsIncomplete',
        message: 'nothing at all is declared; `--allow-deletions` says that this is meant',
        until: undefined,
      },
    ]
  }
  const whose = successorOf(finding.id) ?? finding.id
  const suspension = suspensionOf(finding.id, undefined, input) ?? suspensionOf(whose, undefined, input)
  if (suspension) {
    return [{ reason: 'Suspended', message: `suspended: ${suspension.reason}`, until: suspension.until }]
  }
  const until = endOfWait(recoveryOf(finding).nextAttemptAt, input.now, removalBackoff.max)
  return until === undefined ? [] : [{ reason: 'BackOff', message: 'deleting failed before', until }]
}

/**
 * What goes because its resource has another outside name now is still that resource's: what keeps us from touching
 * the one keeps us from touching the other. And it goes only where the new one is there, or comes in this pass.
 */
export function holdsOnSuccessor(
  { successor }: Finding,
  byId: ReadonlyMap<ResourceId, Finding>,
  input: Circumstances,
): readonly Hold[] {
  if (!successor) return []
  const suspension = suspensionOf(successor.id, successor, input)
  const suspended: Hold | undefined = suspension && {
    reason: 'Suspended',
    message: `${successor.id} is suspended: ${suspension.reason}`,
    until: suspension.until,
  }
  const isComing = !input.isBusy(successor.id) && isInPlace(byId.get(successor.id))
  const waiting: Hold | undefined = isComing
    ? undefined
    : {
        reason: 'DependencyNotReady',
        message: `waits until ${successor.id} has taken its place`,
        until: undefined,
      }
  return [suspended, holdOnWindows(successor, input.now), waiting].filter((hold) => hold !== undefined)
}

/** Whether it is there, or nothing keeps it from being there before anything is deleted. */
function isInPlace(successor: Finding | undefined): boolean {
  if (!successor || successor.unknown) return false
  if (successor.stance === 'not-ours' || successor.stance === 'conflict') return false
  if (successor.stance !== 'absent' || successor.actions.length === 0) return true
  return !successor.isContext && successor.holds.length === 0
}
