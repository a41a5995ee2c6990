import { existsSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'

/** Folders that what is read into an action may lie in, links resolved. The first is the fleet root. */
export type Roots = readonly string[]

/**
 * The git work tree that holds the manifests folder, or else the folder that contains it; links resolved. It
 * bounds what a manifest can make the program read: see Argo CD's CVE-2022-24731 and its like.
 */
export function findFleetRoot(folder: string): string {
  const real = realPathOf(folder) ?? resolve(folder)
  for (let candidate = real; ; candidate = dirname(candidate)) {
    if (existsSync(resolve(candidate, '.git'))) return candidate
    if (dirname(candidate) === candidate) return dirname(real)
  }
}

/** The fleet root and the folders that were allowed beside it, links resolved as far as they exist. */
export function rootsOf(root: string, allowedPaths: readonly string[]): Roots {
  return [root, ...allowedPaths.map((path) => realPathOf(path) ?? path)]
}

/** Whether a path is one of the roots or lies inside one. Both sides must have their links resolved. */
export function isInside(path: string, roots: Roots): boolean {
  return roots.some((root) => {
    const way = relative(root, path)
    return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
  })
}

/** Undefined: it is not there, or may not be looked at. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}
