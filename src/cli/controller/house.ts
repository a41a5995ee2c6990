import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { housekeepingEvery } from '../../state/housekeeping.ts'

/** Bounds what the store keeps of the past, from time to time. */
export async function keepHouse(
  clock: Clock,
  work: () => Promise<void>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (error) {
      // Nothing depends on it: the next time may do.
      if (!signal.aborted) log.warn({ error: messageOf(error) }, 'old records could not be dropped')
    }
    await clock.sleep(housekeepingEvery, signal).catch(() => undefined)
  }
}
