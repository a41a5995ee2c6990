/** Lets one action at a time happen to each key: PM2 mixes up actions on one process that overlap. */
export class ProcessQueue {
  readonly #tails = new Map<string, Promise<void>>()

  /**
   * Runs `action` when those before it under the key have ended, failed or not. `action` may return when its answer
   * is lost and still keep its place, by `hold`: the next one waits until that promise is settled.
   */
  async run<T>(
    key: string,
    signal: AbortSignal | undefined,
    action: (hold: (until: Promise<unknown>) => void) => Promise<T>,
  ): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const gate = Promise.withResolvers<void>()
    const tail = before.then(() => gate.promise)
    this.#tails.set(key, tail)
    let held: Promise<unknown> = Promise.resolve()
    try {
      await raceAbort(before, signal)
      return await action((until) => {
        held = until
      })
    } finally {
      void held.finally(() => gate.resolve()).catch(() => undefined)
      void tail.then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key)
      })
    }
  }
}

/** Waits for the promise, or rejects with the signal's reason; the promise goes on. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) {
      promise.catch(() => undefined)
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
