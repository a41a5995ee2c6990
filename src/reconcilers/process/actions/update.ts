import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import type { ProcessAction } from '../action.ts'
import { type Comparison, compareRecord } from '../compare.ts'
import { changeOfRecord, madeAtOf, newProcessOf } from '../config.ts'
import { desiredOf, freshRecords, makingOf, type Workshop } from './workshop.ts'

/** Changes the processes that still differ, one after the other, so that not all of them are away at once. */
export async function updateProcesses(
  action: ProcessAction,
  how: 'restart' | 'reload' | 'recreate',
  workshop: Workshop,
): Promise<void> {
  const making = await makingOf(action, workshop)
  const comparison = comparisonFor(action, workshop)
  for (const record of await freshRecords(action, workshop)) {
    const differences = compareRecord(comparison, record)
    if (differences.length === 0) continue
    const target = { pmId: record.pmId, name: record.name }
    const change = changeOfRecord(making, record, differences)
    if (how === 'reload') await workshop.pm2.reload(target, change, workshop.signal)
    else if (how === 'restart') await workshop.pm2.restart(target, change, workshop.signal)
    else await recreate(record)
  }

  async function recreate(record: Pm2Record): Promise<void> {
    const { pm2, keeper, signal } = workshop
    await pm2.delete({ pmId: record.pmId, name: record.name }, signal)
    await keeper.endUnknown(record.name, { listed: await pm2.list(signal), signal })
    await pm2.prepare(newProcessOf(making, madeAtOf(record)), signal)
  }
}

function comparisonFor(action: ProcessAction, workshop: Workshop): Comparison {
  return {
    desired: desiredOf(action),
    dropped: action.dropped,
    sourcesHash: action.sourcesHash,
    adoptedSources: action.adoptedSources,
    home: workshop.home,
    storePath: workshop.storePath,
    base: workshop.base,
    secretPaths: [],
  }
}
