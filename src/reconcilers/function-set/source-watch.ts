import { sep } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'

/** Folders whose files are many, or written by programs: what is installed there is seen at the next interval. */
const passedOver: ReadonlySet<string> = new Set(['node_modules', '.git', '.reconcile', '.netlify'])

/**
 * Wakes the sets whose sources are saved: their directory, and what lies outside of it and went into their bundles. Only a
 * hint: whoever is woken reads it anew.
 */
export class SourceWatch {
  readonly #logger: Logger
  readonly #paths = new Map<ResourceId, ReadonlySet<string>>()
  /** All of them together. */
  #roots: ReadonlySet<string> = new Set()
  #wake: ((id: ResourceId) => void) | undefined
  #watcher: FSWatcher | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** What a set is made of, as it was read last: files and folders, absolute. None: it is not declared any more. */
  follow(id: ResourceId, paths: readonly string[]): void {
    const before = this.#roots
    if (paths.length > 0) this.#paths.set(id, new Set(paths))
    else this.#paths.delete(id)
    this.#roots = new Set([...this.#paths.values()].flatMap((set) => [...set]))
    // What is watched no more stays with the watcher: it would pass over all that lies below, which may be watched still.
    const added = [...this.#roots].filter((path) => !before.has(path))
    if (added.length > 0) this.#watcher?.add(added)
  }

  start(wake: (id: ResourceId) => void): () => void {
    this.#wake = wake
    const watcher = watch([...this.#roots], {
      ignoreInitial: true,
      ignorePermissionErrors: true,
      ignored: (path) => this.#isPassedOver(path),
    })
    watcher.on('all', (_event, path) => {
      for (const [id, paths] of this.#paths) if (isWithin(path, paths)) this.#wake?.(id)
    })
    watcher.on('error', (error) => {
      this.#logger.warn({ error: messageOf(error) }, 'sources of functions cannot be watched')
    })
    this.#watcher = watcher
    return () => {
      this.#wake = undefined
      this.#watcher = undefined
      watcher.close().catch((error: unknown) => {
        this.#logger.debug({ error: messageOf(error) }, 'the watch of sources did not close')
      })
    }
  }

  /** Below what is watched, not above it: a project may lie anywhere. */
  #isPassedOver(path: string): boolean {
    const roots = [...this.#roots].filter((root) => path === root || path.startsWith(root + sep))
    return roots.every((root) =>
      path
        .slice(root.length)
        .split(sep)
        .some((part) => passedOver.has(part)),
    )
  }
}

function isWithin(path: string, roots: ReadonlySet<string>): boolean {
  return [...roots].some((root) => path === root || path.startsWith(root + sep))
}
