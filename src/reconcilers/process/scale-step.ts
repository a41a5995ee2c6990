import type { ProcessAction } from './action.ts'
import { isIgnored } from './compare.ts'
import { doublesOf } from './doubles.ts'
import { wantedInstances } from './instances.ts'
import type { ObservedProcess } from './observed.ts'
import { comparisonOf, type ProcessPair } from './outdated.ts'
import type { DesiredProcess } from './place.ts'
import { act, type Step } from './step.ts'

/** Starts or stops instances until there are as many as are declared; undefined: there are. */
export function scaleOf(
  pair: ProcessPair,
  desired: DesiredProcess,
  observed: ObservedProcess,
): ProcessAction | undefined {
  const isDropped = comparisonOf(pair, desired).dropped.includes('instances')
  const wanted = wantedInstances(desired, observed.processors, isDropped)
  const { records } = observed
  if (isIgnored('instances', desired.controls.ignore)) return undefined
  if (wanted === undefined) return endDoubles(pair, desired, observed)
  if (wanted === records.length) return undefined
  const count = Math.abs(wanted - records.length)
  const isUp = wanted > records.length
  return act(pair, desired, {
    type: isUp ? 'scale-up' : 'scale-down',
    verb: 'update',
    summary: `${isUp ? 'start' : 'stop'} ${count} ${count === 1 ? 'instance' : 'instances'}`,
    reason: 'the number of instances differs',
    changes: [{ path: 'instances', before: records.length, after: wanted, sensitive: false }],
    records,
    ...(isUp ? whileReturning(observed) : {}),
  })
}

/** Nobody declares how many there are, so that one is meant, and copies that a person makes of it stay. */
function endDoubles(
  pair: ProcessPair,
  desired: DesiredProcess,
  { records }: ObservedProcess,
): ProcessAction | undefined {
  const doubles = doublesOf(records, pair.mark)
  if (doubles.length === 0) return undefined
  const after = records.length - doubles.length
  return act(pair, desired, {
    type: 'scale-down',
    verb: 'update',
    summary: `stop ${doubles.length} ${doubles.length === 1 ? 'copy' : 'copies'}`,
    reason: 'PM2 brought it back beside the one that was started',
    changes: [{ path: 'instances', before: records.length, after, sensitive: false }],
    records,
  })
}

/** What PM2 is about to bring back must not be started beside it. */
export function whileReturning(observed: ObservedProcess | undefined): Pick<Step, 'blocked'> {
  if (observed?.returningUntil === undefined) return {}
  const message = 'PM2 brings back what it had saved; what does not come is started'
  return { blocked: { reason: 'Returning', message, until: observed.returningUntil } }
}
