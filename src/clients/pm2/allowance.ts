import type { Duration } from '../../core/duration.ts'
import type { ProcessConfig } from './process-config.ts'
import type { Pm2Record } from './process-record.ts'

/** PM2's own waits where a process does not set them: its constants.js. */
export const pm2Defaults = Object.freeze({ killTimeout: 1600, listenTimeout: 3000 })

/** What one more process costs to start at most, on a machine that is busy with others. */
export const startAllowance: Duration = 2000

type Waits = Pick<ProcessConfig, 'killTimeout' | 'listenTimeout' | 'waitReady'>

function longer(a: Duration | undefined, b: Duration | undefined, otherwise: Duration): Duration {
  return a === undefined && b === undefined ? otherwise : Math.max(a ?? 0, b ?? 0)
}

/** PM2 sends a signal, waits, sends SIGKILL, and waits as long again. */
export function stopAllowance(record: Pm2Record, set: Waits = {}): Duration {
  return 2 * longer(record.killTimeout, set.killTimeout, pm2Defaults.killTimeout)
}

/** A start waits for the word `ready`, and a reload once more for a listening port. */
export function listenAllowance(record: Pm2Record, set: Waits = {}): Duration {
  return longer(record.listenTimeout, set.listenTimeout, pm2Defaults.listenTimeout)
}
