import type { Pm2Client } from '../../clients/pm2/client.ts'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'
import { rotateLogs } from './log-rotation.ts'
import type { DesiredProcess } from './place.ts'
import type { Prober } from './prober.ts'

/** How often is looked whether a daemon is there again. */
const reconnectInterval: Duration = 500
/** As often as PM2 itself looks at memory. */
const rotationInterval: Duration = 30_000

export interface WatcherOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly pm2: Pm2Client
  readonly prober: Prober
  /** Ids by PM2 name, as they were asked for last. */
  readonly wanted: () => ReadonlyMap<string, ResourceId>
  /** Processes whose logs are rotated. */
  readonly rotated: () => readonly DesiredProcess[]
  readonly wake: (id: ResourceId) => void
}

/**
 * Wakes what something happened to: an event of the daemon, its end and its return, a probe with another verdict.
 * Only hints: every key that is woken is read anew. And rotates logs, because PM2 does not.
 */
export class Watcher {
  readonly #options: WatcherOptions
  readonly #end = new AbortController()

  constructor(options: WatcherOptions) {
    this.#options = options
  }

  start(): void {
    this.#run(() => this.#followDaemon())
    this.#run(() => this.#followProbes())
    this.#run(() => this.#rotate())
  }

  stop(): void {
    this.#end.abort(new Error('the watch has ended'))
  }

  /** Runs until the end of the watch; what goes wrong in one of them must not end the others. */
  #run(loop: () => Promise<void>): void {
    loop().catch((error: unknown) => {
      if (this.#end.signal.aborted) return
      this.#options.logger.error({ error: messageOf(error) }, 'a watch of PM2 processes failed')
    })
  }

  async #followDaemon(): Promise<void> {
    const { clock, pm2 } = this.#options
    let wasThere = true
    while (!this.#end.signal.aborted) {
      const isThere = await pm2.list(this.#end.signal).then(
        () => true,
        () => false,
      )
      if (isThere && !wasThere) this.#wakeAll()
      wasThere = isThere
      if (isThere) {
        await this.#listen()
        wasThere = false
        if (!this.#end.signal.aborted) this.#wakeAll()
      }
      await clock.sleep(reconnectInterval, this.#end.signal)
    }
  }

  /** Resolves when the daemon is gone, or the watch has ended. */
  #listen(): Promise<void> {
    const { pm2, wanted, wake } = this.#options
    const { signal } = this.#end
    return new Promise((resolve) => {
      const close = pm2.bus((event) => {
        if (event.type !== 'process') return
        const id = wanted().get(event.name)
        if (id) wake(id)
      }, resolve)
      signal.addEventListener(
        'abort',
        () => {
          close()
          resolve()
        },
        { once: true },
      )
    })
  }

  #wakeAll(): void {
    for (const id of this.#options.wanted().values()) this.#options.wake(id)
  }

  /** Each probe is asked when it is due, whatever becomes of the others. */
  async #followProbes(): Promise<void> {
    const { clock, prober, wake } = this.#options
    const { signal } = this.#end
    const unfollow = prober.follow(wake)
    let tick = new AbortController()
    signal.addEventListener('abort', () => tick.abort(), { once: true })
    try {
      while (!signal.aborted) {
        prober.askDue()
        const rest = Math.max(20, Math.min(...prober.due().values()))
        tick = new AbortController()
        const isUp = clock.sleep(rest, tick.signal).catch(() => undefined)
        await Promise.race([isUp, prober.nextNews()])
        tick.abort()
      }
    } finally {
      unfollow()
    }
  }

  async #rotate(): Promise<void> {
    const { clock, pm2, rotated, logger } = this.#options
    const { signal } = this.#end
    while (!signal.aborted) {
      await clock.sleep(rotationInterval, signal)
      try {
        await rotateLogs(pm2, rotated(), signal)
      } catch (error) {
        if (signal.aborted) return
        logger.warn({ error: messageOf(error) }, 'could not rotate logs')
      }
    }
  }
}
