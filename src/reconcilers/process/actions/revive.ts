import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import type { ProcessAction } from '../action.ts'
import { changeOfRecord } from '../config.ts'
import { hasEnded, isPhantom } from '../run-state.ts'
import { freshRecords, makingOf, type Workshop } from './workshop.ts'

/** Starts again what is down, or what runs and does not work, and nothing that was started anew meanwhile. */
export async function reviveProcesses(action: ProcessAction, workshop: Workshop): Promise<void> {
  const making = await makingOf(action, workshop)
  const isMeant = (record: Pm2Record) =>
    action.type === 'kick'
      ? record.pid !== undefined && action.pids.includes(record.pid)
      : hasEnded(record) || isPhantom(record)
  for (const record of await freshRecords(action, workshop)) {
    if (!action.pmIds.includes(record.pmId) || !isMeant(record)) continue
    const target = { pmId: record.pmId, name: record.name }
    await workshop.pm2.restart(target, changeOfRecord(making, record, []), workshop.signal)
  }
}
