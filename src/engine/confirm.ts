import { kindOf } from '../core/resource.ts'
import type { Finding, Subject } from './finding.ts'
import { observeKind } from './observe.ts'
import { forgetsFields } from './owned-fields.ts'
import type { World } from './world.ts'

/**
 * Reads anew, each by itself, whatever would be forgotten or taken back: that rests on a fresh read as deleting does. An
 * old list would leave an orphan that nobody knows of, and hide it from the limit of deletions; leave a field for ever
 * that we set; or make ours what people put in the place of what we had.
 */
export async function confirm(
  world: World,
  subjects: readonly Subject[],
  judging: {
    readonly judge: (subject: Subject, now: number) => Finding
    /** When the subjects were read. */
    readonly now: number
    /** Whether what is no longer declared may be forgotten. */
    readonly mayForget: boolean
    readonly signal: AbortSignal
  },
): Promise<readonly Finding[]> {
  const { judge, now, mayForget, signal } = judging
  return Promise.all(
    subjects.map(async (subject) => {
      const finding = judge(subject, now)
      const restsOnList = finding.desired
        ? finding.stance === 'taken-back' || forgetsFields(world, finding)
        : mayForget && (finding.stance === 'absent' || finding.stance === 'released')
      return restsOnList ? judgeAgain(world, subject, { judge, signal }) : finding
    }),
  )
}

async function judgeAgain(
  world: World,
  subject: Subject,
  { judge, signal }: { judge: (subject: Subject, now: number) => Finding; readonly signal: AbortSignal },
): Promise<Finding> {
  const { id, desired, owned, unconfirmed, resumedAt } = subject
  const asked = [{ id, desired, owned, unconfirmed, resumedAt }]
  const { observedAt, readings } = await observeKind(world, kindOf(id), asked, signal)
  const reading = readings.get(id) ?? {
    type: 'unreadable' as const,
    code: 'NotRead',
    message: `${id} was not read`,
  }
  return judge({ ...subject, reading, observedAt }, observedAt)
}
