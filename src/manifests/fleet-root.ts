import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import type { Bounds } from '../core/reconciler.ts'

/** Folders that what is read into an action may lie in, links resolved. The first is the fleet root. */
export type Roots = readonly string[]

/**
 * The git work tree that holds the manifests folder, or else the folder that contains it; links resolved. It
 * bounds what a manifest can make the program read: see Argo CD's CVE-2022-24731 and its like. Where a link on the way
 * leads out of its work tree it is that one, which does not hold the folder then.
 */
export function findFleetRoot(folder: string): string {
  const real = realPathOf(folder) ?? resolve(folder)
  return leftWorkTree(folder) ?? workTreeOf(real) ?? dirname(real)
}

/**
 * The git work tree that a link on the way to a path leads out of, links resolved: what lies there is in no commit of
 * whoever made the link. Undefined: none does.
 */
export function leftWorkTree(path: string): string | undefined {
  const real = realPathOf(path)
  if (real === undefined || real === path) return undefined
  for (const link of linksOn(path)) {
    const tree = workTreeOf(realPathOf(dirname(link)) ?? dirname(link))
    if (tree !== undefined && !isInside(realPathOf(link) ?? link, [tree])) return tree
  }
  return undefined
}

/** The parts of a path that are links, the outermost first. */
function linksOn(path: string): readonly string[] {
  const above = dirname(path)
  if (above === path) return []
  return [...linksOn(above), ...(lstatSync(path).isSymbolicLink() ? [path] : [])]
}

/** The nearest folder with a `.git` in it that holds a path; undefined: there is none. */
function workTreeOf(path: string): string | undefined {
  for (let candidate = path; ; candidate = dirname(candidate)) {
    if (existsSync(resolve(candidate, '.git'))) return candidate
    if (dirname(candidate) === candidate) return undefined
  }
}

/** The fleet root and the folders that were allowed beside it; both have their links resolved. */
export function rootsOf(root: string, allowedPaths: readonly string[]): Roots {
  return [root, ...allowedPaths]
}

/** A path with its links resolved as far as it exists. */
export function realPlaceOf(path: string): string {
  const above = dirname(path)
  return realPathOf(path) ?? (above === path ? path : resolve(realPlaceOf(above), relative(above, path)))
}

/** Whether a path is one of the roots or lies inside one. Both sides must have their links resolved. */
export function isInside(path: string, roots: Roots): boolean {
  return roots.some((root) => {
    const way = relative(root, path)
    return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
  })
}

/** The roots, as domains may ask for them. */
export function boundsOf(roots: Roots): Bounds {
  return { contain: async (path) => isInside(realPlaceOf(path), roots) }
}

/** Undefined: it is not there, or may not be looked at. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}
