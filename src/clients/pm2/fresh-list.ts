import { raceAbort } from './process-queue.ts'
import type { Pm2Record } from './process-record.ts'

/**
 * Lists that began after they were asked for, shared by those who ask while one is on its way: a hundred actions
 * that all need a fresh list cost a few of them.
 */
export class FreshList {
  readonly #read: () => Promise<readonly Pm2Record[]>
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<readonly Pm2Record[]> | undefined

  constructor(read: () => Promise<readonly Pm2Record[]>) {
    this.#read = read
  }

  get(signal: AbortSignal | undefined): Promise<readonly Pm2Record[]> {
    this.#next ??= this.#begin()
    return raceAbort(this.#next, signal)
  }

  async #begin(): Promise<readonly Pm2Record[]> {
    await this.#running.catch(() => undefined)
    this.#next = undefined
    const reading = this.#read()
    this.#running = reading
    return await reading
  }
}
