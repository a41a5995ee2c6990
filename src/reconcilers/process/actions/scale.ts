import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import type { ProcessAction } from '../action.ts'
import { doublesOf } from '../doubles.ts'
import { wantedInstances } from '../instances.ts'
import { readMark } from '../mark.ts'
import { isRunning } from '../run-state.ts'
import { createInstances, desiredOf, makingOf, recordsOf, type Workshop } from './workshop.ts'

/** Brings the number of instances to what is declared. */
export async function scaleProcess(action: ProcessAction, workshop: Workshop): Promise<void> {
  const desired = desiredOf(action)
  const wanted = wantedInstances(desired, workshop.processors, action.dropped.includes('instances'))
  const listed = await workshop.pm2.list(workshop.signal)
  const records = await recordsOf(action, listed)
  if (wanted === undefined) return await deleteAll(doublesOf(records, action.mark), workshop)
  if (records.length < wanted) {
    const making = await makingOf(action, workshop)
    await workshop.keeper.endUnknown(action.name, { listed, signal: workshop.signal })
    await createInstances(making, wanted - records.length, workshop)
    return
  }
  const surplus = [...records].sort(dispensableFirst).slice(0, records.length - wanted)
  await deleteAll(surplus, workshop)
}

async function deleteAll(records: readonly Pm2Record[], { pm2, signal }: Workshop): Promise<void> {
  await Promise.all(records.map(({ pmId, name }) => pm2.delete({ pmId, name }, signal)))
}

/** What does not run goes first, then what somebody added by hand, then the newest. */
function dispensableFirst(a: Pm2Record, b: Pm2Record): number {
  return (
    Number(isRunning(a)) - Number(isRunning(b)) ||
    Number(readMark(a.reconciled) !== undefined) - Number(readMark(b.reconciled) !== undefined) ||
    b.pmId - a.pmId
  )
}
