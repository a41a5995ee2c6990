import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Duration } from '../../core/duration.ts'
import { isRunning } from './run-state.ts'

/** PM2 starts again what it restarts within milliseconds. A busy machine takes longer, and a person longer still. */
const settlesIn: Duration = 500

/**
 * What has only just stopped and may be in the middle of a restart: PM2 lists it as `stopped` between its end and its
 * start. Only of what was seen to run before; what was stopped when it was first looked at is stopped.
 */
export class Settling {
  /** By `pmId`, when it was first seen stopped, by the monotonic clock; undefined: it ran when it was seen last. */
  #seen: ReadonlyMap<number, number | undefined> = new Map()

  /** Takes in what PM2 lists now; gives, by `pmId`, how long what has just stopped is still waited for. */
  see(listed: readonly Pm2Record[], now: number): ReadonlyMap<number, Duration> {
    const seen = new Map<number, number | undefined>()
    const settling = new Map<number, Duration>()
    for (const record of listed) {
      const { pmId } = record
      if (record.status !== 'stopped') {
        if (isRunning(record) || this.#seen.has(pmId)) seen.set(pmId, undefined)
        continue
      }
      if (!this.#seen.has(pmId)) continue
      const since = this.#seen.get(pmId) ?? now
      seen.set(pmId, since)
      if (now - since < settlesIn) settling.set(pmId, settlesIn - (now - since))
    }
    this.#seen = seen
    return settling
  }
}
