import { isErrorOf } from '../../../core/errors.ts'
import type { ProcessAction } from '../action.ts'
import { freshRecords, type Workshop } from './workshop.ts'

/** Takes processes out of PM2. What is not there any more is gone as it should be. */
export async function removeProcesses(action: ProcessAction, workshop: Workshop): Promise<void> {
  const { pm2, keeper, signal } = workshop
  try {
    const records = await freshRecords(action, workshop)
    await Promise.all(
      records
        .filter((record) => action.pmIds.includes(record.pmId))
        .map((record) => pm2.delete({ pmId: record.pmId, name: record.name }, signal)),
    )
  } catch (error) {
    if (!isErrorOf(error, 'DaemonNotRunning')) throw error
  }
  const listed = await pm2.list(signal).catch(() => undefined)
  // What is declared may be nothing but one; what is not may be somebody else's by now.
  await keeper.endUnknown(action.name, { listed, onlyMarked: action.type === 'delete', signal })
}
