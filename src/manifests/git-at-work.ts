import { readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Tell } from '../core/reconciler.ts'
import { realPlaceOf } from './fleet-root.ts'

/** How often is looked whether git is done, in milliseconds. */
const lookEvery = 50
/** After so many milliseconds a lock is one that a killed git left behind, or of a commit whose message is being written. */
const longestWork = 60_000

/**
 * Waits while git changes the work tree that one of these folders or files lies in. It takes away all files that go before it
 * writes those that come, and holds the lock of its index from the first to the last: what is read between them was never in
 * any commit. `tell` hears for what is waited.
 */
export async function awaitGit(
  paths: readonly string[],
  { clock, signal, tell }: { readonly clock: Clock; readonly signal: AbortSignal; readonly tell?: Tell },
): Promise<void> {
  const locks = [...new Set(paths.flatMap((path) => indexLockOf(realPlaceOf(path)) ?? []))]
  const end = clock.monotonic() + longestWork
  for (;;) {
    const lock = locks.find((path) => isHeld(path, clock.now()))
    if (lock === undefined || clock.monotonic() > end) return
    tell?.(`waiting for git, which holds ${lock}`)
    await clock.sleep(lookEvery, signal)
  }
}

function isHeld(lock: string, now: number): boolean {
  const stats = statsOf(lock)
  return stats !== undefined && Math.abs(now - stats.mtimeMs) < longestWork
}

/** Of the nearest work tree above a path, also of one that `git worktree` made, whose `.git` is a file; undefined: there is none. */
function indexLockOf(path: string): string | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    const git = resolve(folder, '.git')
    const stats = statsOf(git)
    if (stats?.isDirectory()) return resolve(git, 'index.lock')
    if (stats?.isFile()) {
      const place = /^gitdir: (.+)$/m.exec(textOf(git) ?? '')?.[1]
      return place === undefined ? undefined : resolve(folder, place, 'index.lock')
    }
    if (dirname(folder) === folder) return undefined
  }
}

/** Undefined: it is not there, or may not be looked at. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Undefined: it may not be read, or is gone by now. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
