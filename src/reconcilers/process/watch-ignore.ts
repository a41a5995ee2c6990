import { realpath } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'
import { type DesiredProcess, workingFolderOf } from './place.ts'

/** As `watchIgnoreOf`, where links lead to the working folder or to the state. */
export async function findWatchIgnore(
  desired: DesiredProcess,
  storePath: string,
): Promise<readonly string[] | undefined> {
  const { watch, watchIgnore } = desired.spec
  if (watch === undefined || watchIgnore === undefined) return watchIgnore
  const folder = workingFolderOf(desired)
  const [realFolder, realStore] = await Promise.all([folder, dirname(storePath)].map(realPathOf))
  if (realFolder === undefined || realStore === undefined) return watchIgnoreOf(desired, storePath)
  // The way that PM2 goes there from its working folder.
  const seen = join(folder, relative(realFolder, realStore), basename(storePath))
  return watchIgnoreOf(desired, seen)
}

/** Undefined: it is not there, or cannot be read. */
function realPathOf(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined)
}

/**
 * What a watch of PM2 leaves out: what is declared and, where that would let it in, our own state. It changes at every
 * pass, and each change would start the process anew. Undefined: nothing is declared, and PM2 leaves out hidden files.
 */
export function watchIgnoreOf(desired: DesiredProcess, storePath: string): readonly string[] | undefined {
  const { watch, watchIgnore } = desired.spec
  if (watchIgnore === undefined || watch === undefined || watch === false) return watchIgnore
  const folder = workingFolderOf(desired)
  const roots = watch === true || watch.length === 0 ? [folder] : watch.map((path) => rootOf(path, folder))
  const store = dirname(storePath)
  const isWatched = isAbsolute(storePath) && roots.some((root) => isBelow(root, store))
  if (!isWatched || watchIgnore.some((path) => leavesOut(path, folder, store))) return watchIgnore
  return [...watchIgnore, patternOf(storePath)]
}

/** A pattern of the usual folder is the same wherever a release lies; beside another file there may be what is meant. */
function patternOf(storePath: string): string {
  const store = dirname(storePath)
  return basename(store) === '.reconcile'
    ? '**/.reconcile/**'
    : join(store, `${basename(storePath, extname(storePath))}.*`)
}

/** The folder that a path, or what stands before the pattern in it, names. */
function rootOf(path: string, folder: string): string {
  const parts = path.split('/')
  const pattern = parts.findIndex((part) => /[*?[\]{}()!]/.test(part))
  return resolve(folder, (pattern < 0 ? parts : parts.slice(0, pattern)).join('/') || '.')
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith('../')
}

function leavesOut(path: string, folder: string, store: string): boolean {
  return path.includes('.reconcile') || isBelow(resolve(folder, path), store)
}
