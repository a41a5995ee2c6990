import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { isGroupAlive } from './process-identity.ts'

/** From the polite signal to the one that nothing survives: as long as PM2 users are used to, and some. */
const killGrace: Duration = 5_000
const poll: Duration = 50

/**
 * Ends a whole process group: SIGTERM, and SIGKILL to what is left after the grace. Resolves when none of it lives.
 * Only for a group whose leader is known to be ours.
 */
export async function endGroup(group: number, clock: Clock, grace: Duration = killGrace): Promise<void> {
  signalGroup(group, 'SIGTERM')
  const end = clock.monotonic() + grace
  while (clock.monotonic() < end) {
    if (!(await isGroupAlive(group))) return
    await clock.sleep(poll)
  }
  signalGroup(group, 'SIGKILL')
  while (await isGroupAlive(group)) await clock.sleep(poll)
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
