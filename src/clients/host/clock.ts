import type { Clock } from '../../core/clock.ts'

/** The longest that Node's timers wait in one piece; beyond it they fire at once. */
const longestTimer = 2 ** 31 - 1

function sleep(duration: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    let left = Math.max(0, duration)
    let timer: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const wait = (): void => {
      const step = Math.min(left, longestTimer)
      left -= step
      timer = setTimeout(() => {
        if (left > 0) {
          wait()
          return
        }
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, step)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    wait()
  })
}

/**
 * The machine's own time. A sleep keeps the program alive, because somebody awaits it; one that nobody awaits any
 * more is ended by its signal, which leaves no timer behind.
 */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep,
})
