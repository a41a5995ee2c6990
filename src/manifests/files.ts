import {
  accessSync,
  constants,
  type Dirent,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import type { Diagnostic } from '../core/diagnostic.ts'
import { printable } from './excerpt.ts'
import { faultOfFile } from './fault.ts'
import { isInside, leftWorkTree, type Roots } from './fleet-root.ts'
import { limits } from './limits.ts'
import { readText } from './read-text.ts'

/** The manifests of one folder, absolute and sorted. */
export interface ManifestFiles {
  readonly base: readonly string[]
  /** By the environment's name, sorted. */
  readonly environments: ReadonlyMap<string, readonly string[]>
  readonly diagnostics: readonly Diagnostic[]
}

/** The folder of the environments, inside the manifests folder. */
const environmentsFolder = 'environments'

const isManifestName = /\.ya?ml$/i

/** Where the environments of a manifests folder lie. */
export const environmentsOf = (folder: string) => join(folder, environmentsFolder)

/** Lists files that are no manifests, in the manner of .gitignore. */
export const ignoreFile = '.reconcileignore'

/**
 * Finds every `.yaml` and `.yml` file under a folder, at any depth. Hidden entries (editors keep their locks
 * there) and node_modules are left out. Asks the disk as little as it can, and waits for it: a question that goes
 * through Node's pool of threads takes ten times as long.
 */
export async function findManifests(
  folder: string,
  roots: Roots,
  /** Folders below that are left out, with all in them. Default: none. */
  isApart: (folder: string) => boolean = () => false,
): Promise<ManifestFiles> {
  const walk = new Walk({ folder, roots, ignores: await readIgnores(folder), isApart })
  const base: string[] = []
  const environments = new Map<string, readonly string[]>()
  const outside = outsideWorkTree(folder)
  if (outside) return { base, environments, diagnostics: [outside] }
  const real = realpathSync(folder)
  for (const entry of walk.entries(folder)) {
    const path = join(folder, entry.name)
    if (entry.name === environmentsFolder && isFolder(path)) {
      const above = walk.enter({ path, entry }, [real])
      for (const inner of above ? walk.entries(path) : []) {
        const place = join(path, inner.name)
        const found: string[] = []
        walk.visit({ path: place, entry: inner }, above ?? [], found)
        if (isFolder(place)) environments.set(inner.name, found)
        else walk.diagnostics.push(...found.map(stray))
      }
    } else walk.visit({ path, entry }, [real], base)
  }
  return { base, environments, diagnostics: walk.diagnostics }
}

/** That a path leads, by a link, to what is in no commit of the work tree that the link lies in. */
export function outsideWorkTree(path: string): Diagnostic | undefined {
  if (leftWorkTree(path) === undefined) return undefined
  return faultOfFile(path, {
    code: 'file-outside-root',
    message: 'The link leads out of the git work tree that it lies in',
    hint: `Put what it leads to into the work tree, or name the place itself: ${printable(realpathSync(path))}`,
  })
}

class Walk {
  readonly diagnostics: Diagnostic[] = []
  readonly #folder: string
  readonly #roots: Roots
  readonly #ignores: Ignore
  readonly #isApart: (folder: string) => boolean
  readonly #seen = new Set<string>()
  #count = 0

  constructor(walked: {
    readonly folder: string
    readonly roots: Roots
    readonly ignores: Ignore
    readonly isApart: (folder: string) => boolean
  }) {
    this.#folder = walked.folder
    this.#roots = walked.roots
    this.#ignores = walked.ignores
    this.#isApart = walked.isApart
  }

  /** What stands in a folder, in code unit order. */
  entries(folder: string): readonly Dirent[] {
    try {
      const entries = readdirSync(folder, { withFileTypes: true })
      return entries
        .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    } catch (error) {
      this.#fault(folder, 'file-unreadable', `The folder could not be read: ${codeOf(error)}`)
      return []
    }
  }

  /** Adds a manifest, or those of a folder. `above` holds the folders that lead here, links resolved. */
  visit(
    { path, entry }: { readonly path: string; readonly entry: Dirent },
    above: readonly string[],
    found: string[],
  ): void {
    const isManifest = isManifestName.test(path)
    const real = this.#resolve({ path, entry }, above, isManifest)
    if (real === undefined) return
    if (real.isFolder) {
      if (this.#isApart(path)) return
      if (this.#isIgnored(path, true) || this.#isLoop(path, real.path, above) || this.#isSeen(real.path))
        return
      for (const inner of this.entries(path)) {
        this.visit({ path: join(path, inner.name), entry: inner }, [...above, real.path], found)
      }
      return
    }
    if (!isManifest || this.#isIgnored(path, false) || this.#isSeen(real.path)) return
    this.#count += 1
    if (this.#count === limits.files + 1) {
      this.#fault(this.#folder, 'too-many-files', `Expected at most ${limits.files} manifests in the folder`)
    }
    if (this.#count <= limits.files) found.push(path)
  }

  /** The folders that lead into one, with itself; undefined, with a fault, where it must not be entered. */
  enter(
    inner: { readonly path: string; readonly entry: Dirent },
    above: readonly string[],
  ): readonly string[] | undefined {
    const real = this.#resolve(inner, above, false)
    return real && !this.#isLoop(inner.path, real.path, above) ? [...above, real.path] : undefined
  }

  #isLoop(path: string, real: string, above: readonly string[]): boolean {
    const isLoop = above.includes(real)
    if (isLoop) this.#fault(path, 'file-loop', 'The link leads back to a folder that it lies in')
    return isLoop
  }

  /** Follows links; undefined where there is nothing to read, with a fault where a manifest was meant. */
  #resolve(
    { path, entry }: { readonly path: string; readonly entry: Dirent },
    above: readonly string[],
    isManifest: boolean,
  ): { path: string; isFolder: boolean } | undefined {
    // What is no link lies where it seems to; only some file systems do not say in a listing what a thing is.
    if (entry.isFile() || entry.isDirectory()) {
      return { path: join(above.at(-1) ?? '', entry.name), isFolder: entry.isDirectory() }
    }
    try {
      const isLink = entry.isSymbolicLink()
      const real = realpathSync(path)
      const stats = statSync(real)
      if (isLink && !isInside(real, this.#roots)) {
        if ((stats.isDirectory() || isManifest) && !this.#isIgnored(path, stats.isDirectory())) {
          this.#fault(path, 'file-outside-root', 'The link leads out of the fleet root')
        }
        return undefined
      }
      if (stats.isDirectory()) return { path: real, isFolder: true }
      if (stats.isFile()) return { path: real, isFolder: false }
      if (isManifest && !this.#isIgnored(path, false)) {
        this.#fault(path, 'file-special', 'Expected a regular file, got a device, a pipe or a socket')
      }
      return undefined
    } catch (error) {
      const code = codeOf(error)
      if (this.#isIgnored(path, false)) return undefined
      if (code === 'ELOOP') this.#fault(path, 'file-loop', 'The link leads back to itself')
      else if (code === 'ENOENT' && isManifest) {
        this.#fault(path, 'file-missing', 'The link leads to a file that does not exist')
      } else if (code !== 'ENOENT')
        this.#fault(path, 'file-unreadable', `The file could not be read: ${code}`)
      return undefined
    }
  }

  #isIgnored(path: string, isFolderPath: boolean): boolean {
    const name = relative(this.#folder, path).split(sep).join('/')
    return this.#ignores.ignores(isFolderPath ? `${name}/` : name)
  }

  #isSeen(real: string): boolean {
    const isSeen = this.#seen.has(real)
    this.#seen.add(real)
    return isSeen
  }

  #fault(path: string, code: Parameters<typeof faultOfFile>[1]['code'], message: string): void {
    this.diagnostics.push(faultOfFile(path, { code, message, hint: hints[code] }))
  }
}

const hints: Readonly<Record<string, string>> = {
  'file-outside-root': 'Copy the file into the fleet root.',
  'file-loop': 'Remove the link.',
  'file-special': `Remove it, or list it in ${ignoreFile}.`,
  'file-missing': 'Remove the link.',
}

function stray(file: string): Diagnostic {
  return faultOfFile(file, {
    code: 'stray-environment',
    message: 'The file belongs to no environment',
    hint: `Move it to ${environmentsFolder}/<name>/.`,
  })
}

async function readIgnores(folder: string): Promise<Ignore> {
  const reading = await readText(join(folder, ignoreFile), limits.bytes)
  return ignore().add(reading.type === 'text' ? reading.text : '')
}

/** Whether a path is a folder, links followed. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return false
  }
}

/** Whether a folder is a fleet's by its name. */
export function isManifestsFolder(folder: string): boolean {
  return basename(folder) === 'manifests'
}

/** Whether a folder that lies in another is a fleet's, or a git work tree, by itself. */
export function isOfItsOwn(folder: string): boolean {
  return isManifestsFolder(folder) || existsSync(join(folder, '.git'))
}

/** The environment that a path inside a manifests folder belongs to; undefined: none, or it is not inside. */
export function environmentOf(path: string, folder: string): string | undefined {
  const [first, name] = relative(folder, path).split(sep)
  return first === environmentsFolder ? name : undefined
}

/** The manifests folder of which a path seems to be an environment's part, where none is named beside it. */
export function manifestsAround(path: string): string | undefined {
  for (let inner = dirname(path); inner !== dirname(inner); inner = dirname(inner)) {
    const outer = dirname(inner)
    if (relative(outer, inner) === environmentsFolder && holdsManifest(outer)) return outer
  }
  return undefined
}

/** Whether a manifest lies in a folder itself: many a folder is called `environments` that is no part of ours. */
function holdsManifest(folder: string): boolean {
  try {
    return readdirSync(folder, { withFileTypes: true }).some(
      (entry) =>
        entry.isFile() &&
        isManifestName.test(entry.name) &&
        /^["']?apiVersion["']?\s*:\s*["']?reconcile\.dev\//m.test(
          readFileSync(join(folder, entry.name), 'utf8'),
        ),
    )
  } catch {
    return false
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

/** Why a folder cannot be read as manifests; undefined: it can. */
export function folderFault(folder: string): Diagnostic | undefined {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') {
      return faultOfFile(folder, {
        code: 'nothing-declared',
        message: 'The manifests folder does not exist: nothing is declared',
        hint: 'Write a manifest, or name the right folder with `-f`.',
      })
    }
    return faultOfFile(folder, { code: 'file-unreadable', message: `The folder could not be read: ${code}` })
  }
}
