import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'

/** Why a wait ended by itself. */
export class DeadlinePassed extends Error {}

/** A signal that aborts with `DeadlinePassed` after `duration`, or earlier with the reason of `signal`. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Takes the timer away; the signal aborts no more. */
  end(): void
}

/** Starts a deadline. Always end it, or its timer keeps the program alive. */
export function startDeadline(clock: Clock, duration: Duration, signal: AbortSignal | undefined): Deadline {
  const own = new AbortController()
  const cancel = new AbortController()
  const onAbort = (): void => own.abort(signal?.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  clock.sleep(duration, cancel.signal).then(
    () => own.abort(new DeadlinePassed(`Nothing came within ${duration} ms`)),
    () => undefined,
  )
  return {
    signal: own.signal,
    end() {
      cancel.abort(new DeadlinePassed('No longer waited for'))
      signal?.removeEventListener('abort', onAbort)
    },
  }
}
