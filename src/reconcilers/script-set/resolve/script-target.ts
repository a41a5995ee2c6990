import { matchesGlob, resolve } from 'node:path'
import type { ScriptNeed, ScriptPlace } from '../needs/need.ts'
import type { PackageFile } from '../package-json/package-file.ts'
import type { PackagePlace, Surroundings } from './surroundings.ts'

/** The package whose script is meant. */
export interface Target {
  readonly folder: string
  readonly file: PackageFile
  readonly isOwn: boolean
}

/** Why there is no package at the place that is meant. */
export type NoTarget =
  | { readonly type: 'any' }
  | { readonly type: 'no-workspace'; readonly name: string }
  | { readonly type: 'no-folder'; readonly folder: string }
  | { readonly type: 'unreadable'; readonly folder: string; readonly reason: string }

/** Finds the package that a command runs a script of. */
export async function findTarget(
  place: ScriptPlace,
  around: PackagePlace & { readonly surroundings: Surroundings },
): Promise<{ readonly type: 'target'; readonly target: Target } | NoTarget> {
  const { folder: own, file, surroundings, facts } = around
  if (place.type === 'workspaces') return { type: 'any' }
  if (place.type === 'workspace') {
    const all = await surroundings.workspaces()
    const found =
      all.find((one) => one.file.name === place.name || one.folder === resolve(own, place.name)) ??
      all.find((one) => place.isLoose === true && one.file.name?.endsWith(`/${place.name}`))
    if (!found) return { type: 'no-workspace', name: place.name }
    return { type: 'target', target: { ...found, isOwn: found.folder === own } }
  }
  const folder = resolve(own, place.folder)
  if (folder === own) return { type: 'target', target: { folder, file, isOwn: true } }
  if ((await facts.look(folder)).type !== 'folder') return { type: 'no-folder', folder: place.folder }
  const found = await surroundings.packageAround(folder)
  if (found?.reading.type === 'package') {
    const target = { folder: found.folder, file: found.reading.file, isOwn: found.folder === own }
    return { type: 'target', target }
  }
  const reason =
    found?.reading.type === 'unreadable' ? `cannot be read: ${found.reading.message}` : 'has no package.json'
  return { type: 'unreadable', folder, reason }
}

/** The scripts of a package that a command means: one by its name, or all that match. */
export function scriptsMeant(
  need: Pick<ScriptNeed, 'name' | 'isPattern' | 'isWildcard'>,
  file: PackageFile,
): readonly string[] {
  if (!need.isPattern) return file.scripts.has(need.name) ? [need.name] : []
  const known = matches.get(file) ?? new Map<string, readonly string[]>()
  matches.set(file, known)
  const key = `${need.isWildcard === true}:${need.name}`
  const isMeant = need.isWildcard ? wildcardOf : patternOf
  const matching = known.get(key) ?? [...file.scripts.keys()].filter(isMeant(need.name))
  known.set(key, matching)
  return matching
}

/** What patterns match, by package: hundreds of scripts ask for the same ones. */
const matches = new WeakMap<PackageFile, Map<string, readonly string[]>>()

/** npm-run-all's patterns: as of files, with `:` for `/`. */
function patternOf(pattern: string): (name: string) => boolean {
  const glob = pattern.replaceAll(':', '/')
  return (name) => matchesGlob(name.replaceAll(':', '/'), glob)
}

/**
 * concurrently's: the first `*` stands for anything, colons too; `(!x)` leaves out what the expression x finds. That
 * holds no `)`, so it has no groups, which is what would make an expression slow.
 */
function wildcardOf(pattern: string): (name: string) => boolean {
  const [, omitted] = /\(!([^)]+)\)/.exec(pattern) ?? []
  const [before = '', after = ''] = pattern.replace(/\(!([^)]+)\)/, '').split(/\*(.*)/s)
  const isOmitted = expressionOf(omitted)
  return (name) => {
    const isLongEnough = name.length >= before.length + after.length
    return isLongEnough && name.startsWith(before) && name.endsWith(after) && !isOmitted(name)
  }
}

/** One that is no expression leaves nothing out; that it is none is concurrently's to tell. */
function expressionOf(text: string | undefined): (name: string) => boolean {
  if (text === undefined) return () => false
  try {
    const expression = new RegExp(text)
    return (name) => expression.test(name)
  } catch {
    return () => false
  }
}

/** A script that was perhaps meant: the same but for what people mix up. */
export function scriptLike(name: string, scripts: PackageFile['scripts']): string | undefined {
  const known = bareNames.get(scripts) ?? new Map([...scripts.keys()].map((other) => [bare(other), other]))
  bareNames.set(scripts, known)
  return known.get(bare(name))
}

/** Names without what people mix up, by the scripts that they are of. */
const bareNames = new WeakMap<PackageFile['scripts'], ReadonlyMap<string, string>>()

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[-_:.]/g, '')
}
