import { type HookServer, openHookServer } from '../../clients/net/hook-server.ts'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Store } from '../../core/store.ts'
import { readPin } from '../../state/source.ts'
import type { FetchedWorkspace } from './git-server.ts'
import type { GitSource } from './git-source.ts'

export interface FollowOptions {
  readonly workspace: FetchedWorkspace
  readonly hookSecret: string | undefined
  readonly store: Store
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Told when another commit counts; a failure is told again at the next look. */
  readonly onChange: () => Promise<void>
  /** Told of what failed and is tried again. */
  readonly onFault: (error: unknown, what: string) => void
}

/** A tenth more or less, so that many fleets do not ask one server at once. */
const jitter = 0.1

/**
 * Looks at the branch at its interval, and at once when a push is told or a person held or resumed the fleet, until the
 * signal or until the returned function is called. However often it is called meanwhile, there is one look more: the
 * newest commit is what counts.
 */
export function followSource(source: GitSource, options: FollowOptions): () => Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const done = follow(source, { ...options, signal }).catch((error: unknown) => {
    if (signal.aborted) return
    options.logger.error({ error: messageOf(error) }, 'the repository is not followed any more')
    options.onFault(error, 'the repository is not followed any more')
  })
  return async () => {
    ended.abort()
    await done
  }
}

async function follow(source: GitSource, options: FollowOptions): Promise<void> {
  const { workspace, store, logger, signal, onChange, onFault } = options
  const { clock, random, environment, followed } = workspace
  const doorbell = new Doorbell()
  const webhook = followed.settings.webhook
  let hook: HookServer | undefined
  let word = await wordOf(store, environment)
  const stopWatching = store.watch(() => {
    wordOf(store, environment).then(
      (next) => {
        if (next === word) return
        word = next
        doorbell.ring()
      },
      // The store said that it changed; what it says is read again at the next look.
      () => undefined,
    )
  })
  let told = source.applied.id
  try {
    while (!signal.aborted) {
      if (webhook && !hook && options.hookSecret !== undefined) {
        const listener = { ...webhook, secret: options.hookSecret, onCall: () => doorbell.ring() }
        hook = await openHookServer(listener).catch((error: unknown) => {
          // The one that was there before may still be ending.
          onFault(error, 'the webhook could not listen')
          logger.error({ error: messageOf(error), ...webhook }, 'the webhook could not listen')
          return undefined
        })
        if (hook) logger.info({ host: webhook.host, port: hook.port }, 'pushes are heard')
      }
      const wait = followed.settings.interval * (1 + jitter * (2 * random.next() - 1))
      await doorbell.wait((limit) => clock.sleep(wait, limit), signal)
      if (signal.aborted) break
      try {
        await source.sync()
        if (source.applied.id === told) continue
        await onChange()
        told = source.applied.id
      } catch (error) {
        if (signal.aborted) break
        logger.error({ error: messageOf(error) }, 'the repository could not be followed')
        onFault(error, 'the repository could not be followed')
      }
    }
  } finally {
    stopWatching()
    await hook?.close()
  }
}

async function wordOf(store: Store, environment: string | undefined): Promise<string> {
  return JSON.stringify((await readPin({ store, environment })) ?? null)
}

/** Remembers that somebody rang while nobody listened; how often does not matter. */
class Doorbell {
  #hasRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  /** Resolves when it rings, has rung, when the time is over or the signal says so. */
  async wait(sleep: (limit: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (!this.#hasRung && !signal.aborted) {
      const over = new AbortController()
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([rung, sleep(AbortSignal.any([signal, over.signal])).catch(() => undefined)])
      over.abort()
      this.#wake = undefined
    }
    this.#hasRung = false
  }
}
