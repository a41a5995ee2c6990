import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import type { ProcessAction } from '../action.ts'
import { type Comparison, compareRecord } from '../compare.ts'
import { changeOfRecord, type Making, madeAtOf, newProcessOf } from '../config.ts'
import { DiskView } from '../disk-view.ts'
import { isRunning } from '../run-state.ts'
import { passGate } from './gate.ts'
import { desiredOf, freshRecords, makingOf, type Workshop } from './workshop.ts'

/**
 * Changes the processes that still differ, one after the other, so that not all of them are away at once: those that do not
 * serve first, for nothing is lost with them, and each of the others when all that were updated are up.
 */
export async function updateProcesses(
  action: ProcessAction,
  how: 'restart' | 'reload' | 'recreate',
  workshop: Workshop,
): Promise<void> {
  const making = await makingOf(action, workshop)
  const comparison = comparisonFor(action, workshop, making)
  const isOutdated = (record: Pm2Record) => compareRecord(comparison, record).length > 0
  const decided = (await freshRecords(action, workshop)).filter(isOutdated)
  const deaf = await workshop.deafness.look(desiredOf(action), decided)
  const serves = (record: Pm2Record) => isRunning(record) && !deaf.has(record.pmId)
  for (const { pmId } of decided.toSorted((a, b) => Number(serves(a)) - Number(serves(b)))) {
    const find = async () => (await freshRecords(action, workshop)).find((record) => record.pmId === pmId)
    const before = await find()
    if (before && isOutdated(before) && isRunning(before)) await passGate(action, isOutdated, workshop)
    // Waiting took its time.
    const record = await find()
    if (record) await update(record)
  }

  async function update(record: Pm2Record): Promise<void> {
    const differences = compareRecord(comparison, record)
    if (differences.length === 0) return
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

function comparisonFor(action: ProcessAction, workshop: Workshop, { watchIgnore }: Making): Comparison {
  return {
    desired: desiredOf(action),
    dropped: action.dropped,
    sourcesHash: action.sourcesHash,
    adoptedSources: action.adoptedSources,
    home: workshop.home,
    watchIgnore,
    base: workshop.base,
    secretPaths: [],
    isGone: (folder) => new DiskView().isGone(folder),
  }
}
