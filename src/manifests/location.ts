import { dirname, resolve, sep } from 'node:path'
import type { Diagnostic } from '../core/diagnostic.ts'
import { printable, quote } from './excerpt.ts'
import { faultOfFile } from './fault.ts'
import {
  environmentOf,
  environmentsOf,
  findManifests,
  folderFault,
  isFolder,
  isManifestsFolder,
  isOfItsOwn,
  manifestsAround,
  outsideWorkTree,
} from './files.ts'
import { findFleetRoot } from './fleet-root.ts'
import { suggest } from './suggest.ts'

/** Which files were asked for, and where they lie. */
export interface Location {
  /** The manifests folder, absolute. */
  readonly folder: string
  /** The folders that were looked into. */
  readonly folders: readonly string[]
  /** The fleet root, links resolved. */
  readonly root: string
  readonly base: readonly string[]
  /** Where single files were named: the other manifests of their folders, of which only the Fleet and the policies count. */
  readonly beside: readonly string[]
  readonly environments: ReadonlyMap<string, readonly string[]>
  /** Whether this is one whole folder, and not files or several folders. */
  readonly isWhole: boolean
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Finds the manifests that `-f` names. Without it the manifests folder is `manifests` in the working directory; for files
 * it is the one that they lie in.
 */
export async function locate(paths: readonly string[], cwd: string): Promise<Location> {
  const usual = resolve(cwd, 'manifests')
  const named = (paths.length > 0 ? paths : ['manifests']).map((path) => resolve(cwd, path))
  const kinds = named.map((path) => ({ path, isFolder: isFolder(path) }))
  const folder = folderOf(kinds, usual)
  const root = findFleetRoot(folder)
  const base: string[] = []
  const beside: string[] = []
  const environments = new Map<string, readonly string[]>()
  const diagnostics: Diagnostic[] = []
  const folders: string[] = []
  const lookInto = async (path: string, isNamed: boolean) => {
    folders.push(path)
    // A manifests folder counts whole. Around a file that lies in none, other fleets may lie deeper.
    const isWhole = isNamed || isManifestsFolder(path)
    const isApart = (inner: string) => !isWhole && inner !== usual && isOfItsOwn(inner)
    const found = await findManifests(path, [root], isApart)
    const files = isNamed ? base : beside
    files.push(...found.base)
    if (isNamed) diagnostics.push(...found.diagnostics)
    for (const [name, files] of found.environments) {
      environments.set(name, [...(environments.get(name) ?? []), ...files])
    }
  }
  for (const { path, isFolder: isNamedFolder } of kinds) {
    const environment = environmentAround(path, usual, kinds)
    if (environment !== undefined) diagnostics.push(insideEnvironment(path, environment))
    else if (isNamedFolder) {
      const fault = folderFault(path)
      if (fault) diagnostics.push(fault)
      else await lookInto(path, true)
    } else if (path === usual || !/\.[^./]+$/.test(path)) {
      diagnostics.push(folderFault(path) ?? missing(path))
    } else {
      const fault = outsideWorkTree(path)
      if (fault) diagnostics.push(fault)
      else base.push(path)
    }
  }
  const files = kinds.filter((each) => !each.isFolder)
  for (const around of files.map(({ path }) => folderAround(path, usual))) {
    const isLookedInto = folders.some((each) => around === each || around.startsWith(each + sep))
    if (!isLookedInto && isFolder(around)) await lookInto(around, false)
  }
  return {
    folder,
    folders,
    root,
    base: [...new Set(base)],
    beside: [...new Set(beside)].filter((file) => !base.includes(file)),
    environments,
    isWhole: kinds.length === 1 && kinds[0]?.isFolder === true,
    diagnostics,
  }
}

/** A path that was named, absolute. */
interface NamedPath {
  readonly path: string
  readonly isFolder: boolean
}

/** The environment that a path is a part of. A folder that happens to have such a name above it makes none. */
function environmentAround(path: string, usual: string, named: readonly NamedPath[]): string | undefined {
  if (path === usual || path.startsWith(usual + sep)) return environmentOf(path, usual)
  const folders = named.filter((each) => each.isFolder).map((each) => each.path)
  const around = manifestsAround(path)
  return [...folders, folderAround(path, usual), ...(around === undefined ? [] : [around])]
    .map((folder) => environmentOf(path, folder))
    .find((environment) => environment !== undefined)
}

function folderOf(named: readonly NamedPath[], usual: string): string {
  return named.find((each) => each.isFolder)?.path ?? folderAround(named[0]?.path ?? usual, usual)
}

/**
 * The manifests folder of a file: the usual one where it lies in it, or the nearest of that name in its git work tree, or
 * else its own folder. So it is of one fleet, and has one state, from wherever it is named.
 */
export function folderAround(path: string, usual: string): string {
  if (path === usual || path.startsWith(usual + sep)) return usual
  const own = dirname(path)
  for (let folder = own; folder !== dirname(folder); folder = dirname(folder)) {
    if (isManifestsFolder(folder)) return folder
    if (isOfItsOwn(folder)) return own
  }
  return own
}

function missing(path: string): Diagnostic {
  return faultOfFile(path, {
    code: 'file-missing',
    message: 'The file does not exist',
    hint: 'Correct the name.',
  })
}

function insideEnvironment(path: string, environment: string): Diagnostic {
  return faultOfFile(path, {
    code: 'environment-file',
    message: `The file is part of the environment ${quote(environment)} and means nothing alone`,
    hint: `Name the manifests folder, and \`--env ${environment}\`.`,
  })
}

/** The fault of an environment that is not there. */
export function unknownEnvironment(location: Location, name: string): Diagnostic {
  const known = [...location.environments.keys()]
  const meant = suggest(name, known)
  return faultOfFile(location.folder, {
    code: 'unknown-environment',
    message: `The environment ${quote(name)} does not exist in ${location.folder}`,
    hint: meant
      ? `Did you mean \`${meant}\`?`
      : known.length > 0
        ? `Known environments: ${known.join(', ')}.`
        : `There are none: an environment is a folder ${printable(name)}/ in environments/ of the manifests folder.`,
  })
}

/** That an environment is not there, with those that are; undefined: it is there. */
export async function findUnknownEnvironment(asked: {
  readonly paths: readonly string[]
  readonly cwd: string
  readonly environment: string
}): Promise<Diagnostic | undefined> {
  const location = await locate(asked.paths, asked.cwd)
  if (location.environments.has(asked.environment)) return undefined
  // Where a link must not be followed nobody looked for environments.
  const places = [location.folder, environmentsOf(location.folder)]
  const outside = location.diagnostics.find(
    ({ code, position }) => code === 'file-outside-root' && places.includes(position.file),
  )
  if (!outside) return unknownEnvironment(location, asked.environment)
  return { ...outside, message: `${outside.message}: ${printable(outside.position.file)}` }
}

/** The fault of a folder that declares nothing. It never means that everything should go. */
export function nothingDeclared(location: Location): Diagnostic {
  return faultOfFile(location.folder, {
    code: 'nothing-declared',
    message: 'No resource was found: nothing is declared',
    hint: '`reconcile init` writes the first manifests; `-f` names a folder elsewhere.',
  })
}
