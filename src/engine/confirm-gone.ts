import { kindOf } from '../core/resource.ts'
import { examine } from './examine.ts'
import type { Finding } from './finding.ts'
import { observeKind } from './observe.ts'
import type { World } from './world.ts'

/**
 * Reads anew, each by itself, what is no longer declared and seems to be gone or not ours: forgetting rests on a
 * fresh read as deleting does, because an old list would leave an orphan that nobody knows of, and hide it from the
 * limit of deletions.
 */
export async function confirmGone(
  world: World,
  findings: readonly Finding[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return Promise.all(
    findings.map(async (finding) => {
      const seemsGone = finding.stance === 'absent' || finding.stance === 'released'
      return finding.desired || !seemsGone ? finding : judgeAgain(world, finding, signal)
    }),
  )
}

async function judgeAgain(world: World, finding: Finding, signal: AbortSignal): Promise<Finding> {
  const { id, desired, owned, unconfirmed } = finding
  const { observedAt, readings } = await observeKind(
    world,
    kindOf(id),
    [{ id, desired, owned, unconfirmed }],
    signal,
  )
  const reading = readings.get(id) ?? {
    type: 'unreadable' as const,
    code: 'NotRead',
    message: `${id} was not read`,
  }
  return examine(world, { ...finding, reading }, { now: observedAt, samples: [] })
}
