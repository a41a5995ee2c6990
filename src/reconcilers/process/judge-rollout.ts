import type { ObservedProcess } from './observed.ts'
import { outdatedOf, type ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import { ailmentOf, rolloutOf } from './rollout.ts'
import { hasEnded } from './run-state.ts'
import { exitText, type Verdict } from './verdict.ts'

/** An update that goes no further, because what was updated does not come up; undefined: none is, or it goes on. */
export function judgeRollout(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): Verdict | undefined {
  const rollout = rolloutOf(desired, observed, outdatedOf(pair, desired, observed))
  const [first] = rollout?.down ?? []
  if (!rollout || !first) return undefined
  const { down, waiting, updated } = rollout
  return {
    status: 'Degraded',
    reason: 'RolloutStuck',
    message: `the rollout is stuck: of ${observed.records.length} instances ${updated} ${updated === 1 ? 'was' : 'were'} updated, and ${down.length} of those ${down.length === 1 ? 'is' : 'are'} not up: ${ailmentOf(first, observed.deaf)}${hasEnded(first) ? exitText(first, observed.endings) : ''}; ${waiting.length} ${waiting.length === 1 ? 'goes' : 'go'} on as before`,
  }
}
