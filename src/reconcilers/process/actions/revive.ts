import type { Pm2Record } from '../../../clients/pm2/process-record.ts'
import type { ProcessAction } from '../action.ts'
import { changeOfRecord } from '../config.ts'
import { hasEnded, isPhantom, isRunning } from '../run-state.ts'
import { freshRecords, makingOf, type Workshop } from './workshop.ts'

/**
 * Starts again what is down, or what runs and does not work, and nothing that was started anew meanwhile. What is revived
 * while it runs does not listen: a reload tells whether its successor does.
 */
export async function reviveProcesses(action: ProcessAction, workshop: Workshop): Promise<void> {
  const making = await makingOf(action, workshop)
  const isMeant = (record: Pm2Record) =>
    (record.pid !== undefined && action.pids.includes(record.pid)) ||
    (action.type === 'revive' && (hasEnded(record) || isPhantom(record)))
  for (const record of await freshRecords(action, workshop)) {
    if (!action.pmIds.includes(record.pmId) || !isMeant(record)) continue
    const target = { pmId: record.pmId, name: record.name }
    const change = changeOfRecord(making, record, [])
    if (action.type === 'revive' && isRunning(record) && !isPhantom(record)) {
      // What PM2 still launches it restarts instead, and a restart does not tell.
      if (record.status === 'online') await workshop.pm2.reload(target, change, workshop.signal)
    } else await workshop.pm2.restart(target, change, workshop.signal)
  }
}
