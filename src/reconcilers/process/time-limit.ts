import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { type Duration, parseDuration } from '../../core/duration.ts'
import type { DesiredProcess } from './place.ts'

/** What PM2 takes where nothing is declared. */
export const pm2Waits = Object.freeze({ killTimeout: 1600, listenTimeout: 3000 })
/** For each process, what PM2 needs besides the times that are declared, on a machine that is busy with others. */
const allowance: Duration = 10_000

/**
 * How long an action may take that ends these processes one after the other, and starts so many: each as long as PM2 waits
 * for it, which is `killTimeout` twice (it kills, and waits as long again), and `listenTimeout` for the word `ready` and once
 * more for a port.
 */
export function timeLimitOf(
  desired: DesiredProcess | undefined,
  records: readonly Pm2Record[],
  starts: number,
): Duration {
  const declared = {
    kill: parseDuration(desired?.spec.killTimeout ?? '') ?? 0,
    listen: parseDuration(desired?.spec.listenTimeout ?? '') ?? 0,
  }
  const ends = records.map(
    (record) =>
      2 * Math.max(declared.kill, record.killTimeout ?? pm2Waits.killTimeout) +
      2 * Math.max(declared.listen, record.listenTimeout ?? pm2Waits.listenTimeout) +
      allowance,
  )
  const begins = starts * (2 * Math.max(declared.listen, pm2Waits.listenTimeout) + allowance)
  return ends.reduce((total, one) => total + one, begins)
}
