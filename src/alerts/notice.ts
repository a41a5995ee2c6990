import type { AlertGroup, Notice, Trouble } from '../core/alert.ts'
import type { Telling } from './decide.ts'
import { waitOf } from './retry.ts'
import { keyOf } from './troubles.ts'

/** What a notice is about and whom it is for: of each, one waits at most. */
export function noticeKey({
  receiver,
  alert,
  groupId,
}: Pick<Notice, 'receiver' | 'alert' | 'groupId'>): string {
  return `${receiver}/${alert}/${groupId}`
}

export function makeNotice(
  group: Pick<AlertGroup, 'alert' | 'id' | 'name' | 'since'>,
  made: { readonly id: string; readonly receiver: string; readonly now: number; readonly tell: Telling },
): Notice {
  return {
    id: made.id,
    receiver: made.receiver,
    alert: group.alert,
    groupId: group.id,
    groupName: group.name,
    ...made.tell,
    at: made.now,
    since: group.since,
    attempts: 0,
    nextAttemptAt: made.now,
  }
}

/** A notice in the place of the one that its receiver was not told yet: with what that one would have said of ends. */
export function takeOver(notice: Notice, waiting: Notice | undefined): Notice {
  if (!waiting) return notice
  const firing = keysOf(notice.firing)
  const withdrawn = unique([...waiting.withdrawn, ...notice.withdrawn]).filter(
    (trouble) => !firing.has(keyOf(trouble)),
  )
  const elsewhere = new Set([...firing, ...keysOf(withdrawn)])
  const resolved = unique([...waiting.resolved, ...waiting.firing, ...notice.resolved]).filter(
    (trouble) => !elsewhere.has(keyOf(trouble)),
  )
  const nextAttemptAt = notice.at + waitOf(waiting, notice.at)
  return { ...notice, resolved, withdrawn, nextAttemptAt }
}

function keysOf(troubles: readonly Trouble[]): ReadonlySet<string> {
  return new Set(troubles.map(keyOf))
}

/** Of several with one key the last counts. */
function unique(troubles: readonly Trouble[]): readonly Trouble[] {
  return [...new Map(troubles.map((trouble) => [keyOf(trouble), trouble])).values()]
}
