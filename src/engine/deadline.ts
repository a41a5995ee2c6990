import type { Clock } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import { ReconcileError } from '../core/errors.ts'

/** Given as a reason, because without one each end would make an error with its stack, which nobody reads. */
const over = Symbol('over')

/**
 * Runs work that must end: rejects with `OperationTimedOut` at the deadline even where the work does not heed
 * its signal, and with the caller's reason when the caller aborts.
 */
export async function withDeadline<T>(
  options: {
    readonly clock: Clock
    readonly duration: Duration
    readonly what: string
    readonly signal: AbortSignal
  },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { what, duration } = options
  options.signal.throwIfAborted()
  const ended = new AbortController()
  const deadline = new AbortController()
  const forward = () => deadline.abort(options.signal.reason)
  options.signal.addEventListener('abort', forward, { once: true })
  const timer = options.clock.sleep(duration, ended.signal).then(
    () =>
      deadline.abort(new ReconcileError('OperationTimedOut', `${what} did not end within ${duration} ms`)),
    () => undefined,
  )
  const aborted = new Promise<never>((_, reject) => {
    deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true })
  })
  try {
    return await Promise.race([work(deadline.signal), aborted])
  } finally {
    options.signal.removeEventListener('abort', forward)
    ended.abort(over)
    await timer
  }
}
