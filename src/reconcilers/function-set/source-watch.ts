import { lstatSync, type Stats, statSync } from 'node:fs'
import { sep } from 'node:path'
import type { FSWatcher } from 'chokidar'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'

/** Folders whose files are many, or written by programs: what is installed there is seen at the next interval. */
const passedOver: ReadonlySet<string> = new Set(['node_modules', '.git', '.reconcile', '.netlify'])

/** Milliseconds by which a file system's times may lag behind the clock: some keep whole seconds. */
const timesLag = 1000

interface Followed {
  readonly paths: ReadonlySet<string>
  /** When its last reading was begun, epoch milliseconds. */
  readonly readAt: number
}

/**
 * Wakes the sets whose sources are saved: their directory, and what lies outside of it and went into their bundles. Only a
 * hint: whoever is woken reads it anew.
 */
export class SourceWatch {
  readonly #logger: Logger
  readonly #sets = new Map<ResourceId, Followed>()
  /** All of them together. */
  #roots: ReadonlySet<string> = new Set()
  #wake: ((id: ResourceId) => void) | undefined
  #watcher: FSWatcher | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * What a set is made of, as it was read last, in a reading that was begun at `readAt` (epoch milliseconds): files and
   * folders, absolute.
   */
  follow(id: ResourceId, paths: readonly string[], readAt: number): void {
    this.#sets.set(id, { paths: new Set(paths), readAt })
    this.#spread()
  }

  /** It is not declared any more. */
  leave(id: ResourceId): void {
    this.#sets.delete(id)
    this.#spread()
  }

  #spread(): void {
    const before = this.#roots
    this.#roots = new Set([...this.#sets.values()].flatMap(({ paths }) => [...paths]))
    // What is watched no more stays with the watcher: it would pass over all that lies below, which may be watched still.
    const added = [...this.#roots].filter((path) => !before.has(path))
    if (added.length > 0) this.#watcher?.add(added)
  }

  /** The watcher is loaded here: who makes one pass needs none. */
  start(wake: (id: ResourceId) => void): () => void {
    this.#wake = wake
    const ending = new AbortController()
    this.#open(ending.signal).catch((error: unknown) => this.#warn(error))
    return () => {
      this.#wake = undefined
      ending.abort()
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { watch } = await import('chokidar')
    if (signal.aborted) return
    const watcher = watch([...this.#roots], {
      // Each entry is told of once when its watch begins: what was written since it was read is seen by its times.
      ignoreInitial: false,
      alwaysStat: true,
      ignorePermissionErrors: true,
      ignored: (path) => this.#isPassedOver(path) || this.#leadsAway(path),
    })
    watcher.on('all', (event, path, stats) => {
      const changedAt = event === 'add' || event === 'addDir' ? timeOf(stats) : Number.POSITIVE_INFINITY
      for (const [id, { paths, readAt }] of this.#sets) {
        if (changedAt >= readAt - timesLag && isWithin(path, paths)) this.#wake?.(id)
      }
    })
    watcher.on('error', (error) => this.#warn(error))
    this.#watcher = watcher
    signal.addEventListener('abort', () => {
      this.#watcher = undefined
      watcher.close().catch((error: unknown) => {
        this.#logger.debug({ error: messageOf(error) }, 'the watch of sources did not close')
      })
    })
  }

  #warn(error: unknown): void {
    this.#logger.warn({ error: messageOf(error) }, 'sources of functions cannot be watched')
  }

  /** What a link leads to is found by itself in the project, and what lies elsewhere may be a whole disk. */
  #leadsAway(path: string): boolean {
    return !this.#roots.has(path) && isLinkToFolder(path)
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

/** Whether it is a link to a folder; one that leads round in a circle is as bad. */
function isLinkToFolder(path: string): boolean {
  try {
    return (
      lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
      statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    )
  } catch {
    return true
  }
}

/** When it, or a name in it, was changed last: also what was only moved there. Not told: it may have been just now. */
function timeOf(stats: Stats | undefined): number {
  return stats ? Math.max(stats.mtimeMs, stats.ctimeMs) : Number.POSITIVE_INFINITY
}

function isWithin(path: string, roots: ReadonlySet<string>): boolean {
  return [...roots].some((root) => path === root || path.startsWith(root + sep))
}
