import { realpathSync, type Stats } from 'node:fs'
import { basename, dirname, sep } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import type { Clock } from '../core/clock.ts'
import { ignoreFile } from './files.ts'
import { findFleetRoot, isInside } from './fleet-root.ts'
import { Settling } from './settling.ts'

export interface WatchOptions {
  /** Folders and files, absolute, as `-f` named them. They need not exist yet. */
  readonly paths: readonly string[]
  readonly clock: Clock
  /** Called with the paths that changed, once a burst of changes is over. */
  readonly onChange: (paths: readonly string[]) => void
  /** Told where the watch itself fails; it goes on with what still works. */
  readonly onError?: (error: Error) => void
}

/**
 * Watches manifests until the returned function is called. Resolves when everything that is there is watched, so
 * that no save after it is missed. A hint only: whoever is called reads everything anew.
 */
export async function watchManifests(options: WatchOptions): Promise<() => Promise<void>> {
  const settling = new Settling(options.clock, options.onChange)
  // The folder above is watched, with nothing else in sight: what is moved away, and later back, is seen.
  const above = [...new Set(options.paths.map((path) => dirname(path)))]
  const ways = new Ways(options.paths)
  const watcher = watch(above, {
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ignored: (path, stats) =>
      !above.includes(path) && !(isInSight(path, stats, options.paths) && ways.isFirst(path, stats)),
  })
  watcher.on('all', (event, path) => {
    if (event === 'unlinkDir') ways.forget(path)
    if (!above.includes(path) || options.paths.includes(path)) settling.notice(path)
  })
  watcher.on('error', (error) => options.onError?.(error instanceof Error ? error : new Error(String(error))))
  await ready(watcher)
  return async () => {
    settling.stop()
    await watcher.close()
  }
}

/** What was named, and below it folders and manifests. Hidden entries are no manifests: editors keep locks there. */
function isInSight(path: string, stats: Stats | undefined, named: readonly string[]): boolean {
  if (named.includes(path)) return true
  const root = named.find((each) => path.startsWith(each + sep))
  if (root === undefined) return false
  const inner = path.slice(root.length + 1).split(sep)
  if (inner.length === 1 && inner[0] === ignoreFile) return true
  if (inner.some((part) => part.startsWith('.') || part === 'node_modules')) return false
  return !stats?.isFile() || /\.ya?ml$/i.test(basename(path))
}

/**
 * The folders that are watched, each by one way and inside the fleet root, as manifests are read: links between a few
 * folders make a million ways through them, and one to `/usr` leads to all that is there.
 */
class Ways {
  readonly #roots: ReadonlyMap<string, string>
  /** By the real path of a folder: the way by which it was found. */
  readonly #wayTo = new Map<string, string>()

  constructor(named: readonly string[]) {
    this.#roots = new Map(named.map((path) => [path, findFleetRoot(path)]))
  }

  /** True for what is no folder, or not known to be one. */
  isFirst(path: string, stats: Stats | undefined): boolean {
    // A link is asked about as itself, and followed afterwards.
    if (!stats?.isDirectory() && !stats?.isSymbolicLink()) return true
    const real = realPathOf(path)
    if (real === undefined) return true
    const named = [...this.#roots.keys()].find((each) => path === each || path.startsWith(each + sep))
    const root = named === undefined ? undefined : this.#roots.get(named)
    if (path !== named && root !== undefined && !isInside(real, [root])) return false
    const way = this.#wayTo.get(real)
    if (way === undefined) this.#wayTo.set(real, path)
    return way === undefined || way === path
  }

  /** Where it is gone it may be found by another way. */
  forget(path: string): void {
    for (const [real, way] of this.#wayTo) {
      if (way === path || way.startsWith(path + sep)) this.#wayTo.delete(real)
    }
  }
}

/** Undefined: it went meanwhile. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function ready(watcher: FSWatcher): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  watcher.once('ready', resolve)
  return promise
}
