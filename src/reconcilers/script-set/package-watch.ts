import { type FSWatcher, watch } from 'chokidar'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'

/** Sets by the package.json that they are of. */
type Watched = ReadonlyMap<string, readonly { readonly id: ResourceId }[]>

/** Wakes the sets of a package.json when it is written. Only a hint: whoever is woken reads it anew. */
export class PackageWatch {
  readonly #logger: Logger
  #sets: Watched = new Map()
  #wake: ((id: ResourceId) => void) | undefined
  #watcher: FSWatcher | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Which files belong to which sets, as they were asked for last. */
  follow(sets: Watched): void {
    const before = this.#sets
    this.#sets = sets
    this.#watcher?.add([...sets.keys()].filter((path) => !before.has(path)))
    const gone = [...before.keys()].filter((path) => !sets.has(path))
    if (gone.length > 0) this.#watcher?.unwatch(gone)
  }

  start(wake: (id: ResourceId) => void): () => void {
    this.#wake = wake
    // Each file is told of once when its watch begins: what was written since it was read is seen.
    const watcher = watch([...this.#sets.keys()], { ignoreInitial: false, ignorePermissionErrors: true })
    watcher.on('all', (_event, path) => {
      for (const { id } of this.#sets.get(path) ?? []) this.#wake?.(id)
    })
    watcher.on('error', (error) => {
      this.#logger.warn({ error: messageOf(error) }, 'a package.json cannot be watched')
    })
    this.#watcher = watcher
    return () => {
      this.#wake = undefined
      this.#watcher = undefined
      watcher.close().catch((error: unknown) => {
        this.#logger.debug({ error: messageOf(error) }, 'the watch of package.json did not close')
      })
    }
  }
}
