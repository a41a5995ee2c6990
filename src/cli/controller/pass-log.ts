import type { Logger } from '../../core/logger.ts'
import type { PassResult } from '../../engine/pass.ts'

/** Logs what a pass did, and whose health changed by it. */
export function logPass(log: Logger, result: PassResult): void {
  for (const { id, action, result: fate, message } of result.outcomes) {
    const fields = {
      id,
      action: action.type,
      reason: action.reason,
      summary: action.summary,
      ...(message && { error: message }),
    }
    if (fate === 'succeeded') log.info(fields, 'acted')
    else log.warn({ ...fields, outcome: fate }, 'action did not succeed')
  }
  for (const finding of result.findings) {
    const status = result.states.get(finding.id)?.status
    const before = finding.state?.status
    if (!status || (before?.health === status.health && before.reason === status.reason)) continue
    const fields = {
      id: finding.id,
      health: status.health,
      sync: status.sync,
      reason: status.reason,
      message: status.message,
    }
    if (status.health === 'Degraded' || status.health === 'Unknown') log.warn(fields, 'health changed')
    else log.info(fields, 'health changed')
  }
}
