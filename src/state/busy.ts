import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { isBusy, storeError } from './sqlite-error.ts'

/** How long a call waits for other programs before it says `StoreBusy`. */
const busyTimeout: Duration = 5_000
/** SQLite itself waits so long and blocks this program meanwhile; the rest is waited for without blocking. */
export const blockingTimeout: Duration = 20
const pause: Duration = 10

/**
 * Does something with the file again while others hold it. Rejects with an error of the catalogue, `StoreBusy`
 * after 5 s.
 */
export async function whileBusy<T>(
  options: {
    readonly path: string
    readonly clock: Clock
    readonly isTransient?: (error: unknown) => boolean
  },
  work: () => T,
): Promise<T> {
  const { path, clock, isTransient = isBusy } = options
  const deadline = clock.monotonic() + busyTimeout
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isTransient(error) || clock.monotonic() >= deadline) throw storeError(error, path)
    }
    await clock.sleep(pause)
  }
}
