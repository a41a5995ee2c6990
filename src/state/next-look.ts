import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import type { Store } from '../core/store.ts'

/** Hints may be lost, so a waiter looks so often by itself too. */
const lookInterval: Duration = 500

/** Resolves when the store changed, after a while, or when the signal is aborted. */
export async function nextLook(store: Store, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const woken = new AbortController()
  const stopWatch = store.watch(() => woken.abort())
  const either = signal ? AbortSignal.any([signal, woken.signal]) : woken.signal
  try {
    await clock.sleep(lookInterval, either)
  } catch (error) {
    if (!either.aborted) throw error
  } finally {
    stopWatch()
  }
}
