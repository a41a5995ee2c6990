import { join, relative } from 'node:path'
import { isFields } from '../../../core/fields.ts'
import type { ScriptRunner } from '../needs/need.ts'
import { type PackageFile, type PackageReading, parsePackage } from '../package-json/package-file.ts'
import type { PathFact } from './disk.ts'
import { ancestors, binFolder, type FileFacts } from './file-facts.ts'
import { GitIgnored } from './git-ignored.ts'
import { packagesByProgram } from './program-packages.ts'
import { type Neighbour, readWorkspaces } from './workspaces.ts'

/** Where a program that npm would find comes from. */
export type ProgramPlace =
  /** `owner`: the package whose program it is; undefined where its link does not say. */
  | { readonly type: 'dependency'; readonly owner: string | undefined; readonly isOwnTree: boolean }
  | { readonly type: 'system' }
  /** A file of that name is listed, and what it is could not be looked at. */
  | { readonly type: 'unreadable'; readonly path: string; readonly message: string }
  | { readonly type: 'not-installed'; readonly package: string }
  | { readonly type: 'unknown'; readonly package: string | undefined }

/** Programs that package managers put on the PATH of the scripts that they run. */
const broughtByNpm: ReadonlySet<string> = new Set(['node-gyp'])

/** One package, and how it is looked at. */
export interface PackagePlace {
  readonly folder: string
  readonly file: PackageFile
  readonly facts: FileFacts
  /** Absolute folders: PATH as npm hands it on. */
  readonly searchPath: readonly string[]
}

/** What lies around one package: its neighbours, and the programs that npm puts on its PATH. */
export class Surroundings {
  readonly #place: PackagePlace
  readonly #programs = new Map<string, Promise<ProgramPlace>>()
  readonly ignored: GitIgnored
  #locked: Promise<ReadonlyMap<string, string>> | undefined
  #workspaces: Promise<readonly Neighbour[]> | undefined
  #managerOf: Promise<PackageFile['manager']> | undefined

  constructor(place: PackagePlace) {
    this.#place = place
    this.ignored = new GitIgnored(place.folder, place.facts)
  }

  /** As `npm run` looks for it: the `.bin` folders from the package upwards, then PATH. */
  find(name: string): Promise<ProgramPlace> {
    const known = this.#programs.get(name) ?? this.#find(name)
    this.#programs.set(name, known)
    return known
  }

  async #find(name: string): Promise<ProgramPlace> {
    const { folder: own, facts, searchPath, file } = this.#place
    for (const folder of ancestors(own)) {
      const bin = binFolder(folder)
      if (!(await facts.list(bin))?.has(name)) continue
      const target = await facts.follow(join(bin, name))
      // A link that leads nowhere is passed over, as the shell does.
      const fact = await facts.look(join(bin, name))
      if (fact.type === 'unreadable') return { ...fact, path: join(bin, name) }
      if (isProgram(fact)) return { type: 'dependency', owner: ownerOf(target), isOwnTree: folder === own }
    }
    if (broughtByNpm.has(name)) return { type: 'system' }
    for (const folder of searchPath) {
      if (!(await facts.list(folder))?.has(name)) continue
      if (isProgram(await facts.look(join(folder, name)))) return { type: 'system' }
    }
    const locked = (await this.#lockedPrograms()).get(name)
    const candidates = [locked, name, ...(packagesByProgram.get(name) ?? [])]
    const declared =
      candidates.find((one) => one !== undefined && file.dependencies.has(one)) ??
      [...file.dependencies].find((one) => one.startsWith('@') && one.endsWith(`/${name}`))
    if (declared !== undefined) return { type: 'not-installed', package: declared }
    return { type: 'unknown', package: packagesByProgram.get(name)?.[0] }
  }

  /** Whether the runner of a script runs its `pre` and `post` scripts too; where its version is not known, it does. */
  async runsHooks(runner: ScriptRunner): Promise<boolean> {
    if (runner !== 'yarn' && runner !== 'pnpm') return true
    const { name, major } = (await this.#manager()) ?? {}
    if (name !== runner || major === undefined) return true
    return runner === 'yarn' ? major < 2 : major < 6 || major >= 9
  }

  /** The `packageManager` of the package or of the tree that it is in, up to the work tree's root. */
  #manager(): Promise<PackageFile['manager']> {
    this.#managerOf ??= this.#findManager()
    return this.#managerOf
  }

  async #findManager(): Promise<PackageFile['manager']> {
    const { folder: own, facts } = this.#place
    for (const folder of ancestors(own)) {
      const around = await this.packageAround(folder)
      const file = around?.reading.type === 'package' ? around.reading.file : undefined
      if (file?.manager) return file.manager
      // Only yarn from its version 2 on has such a file.
      if ((await facts.look(join(folder, '.yarnrc.yml'))).type === 'file') return { name: 'yarn', major: 2 }
      if ((await facts.look(join(folder, '.git'))).type !== 'absent') return undefined
    }
    return undefined
  }

  /** The package that a folder belongs to, as npm finds it: the nearest package.json from it upwards. */
  async packageAround(
    folder: string,
  ): Promise<{ readonly folder: string; readonly reading: PackageReading } | undefined> {
    const { folder: own, file, facts } = this.#place
    for (const candidate of ancestors(folder)) {
      if (candidate === own) return { folder: own, reading: { type: 'package', file } }
      const reading = parsePackage(await facts.read(join(candidate, 'package.json')))
      if (reading.type !== 'absent') return { folder: candidate, reading }
    }
    return undefined
  }

  /** Packages of the workspace that this one is the root or a member of. */
  workspaces(): Promise<readonly Neighbour[]> {
    this.#workspaces ??= readWorkspaces(this.#place, this.#place.facts)
    return this.#workspaces
  }

  /** Programs by name, as package-lock.json knows them although they may not be installed. */
  #lockedPrograms(): Promise<ReadonlyMap<string, string>> {
    this.#locked ??= this.#readLock()
    return this.#locked
  }

  async #readLock(): Promise<ReadonlyMap<string, string>> {
    const { folder, facts, file } = this.#place
    const programs = new Map<string, string>()
    const read = await facts.read(join(folder, 'package-lock.json'))
    const lock = read.type === 'text' ? parseJson(read.text) : undefined
    const packages = isFields(lock) && isFields(lock.packages) ? lock.packages : {}
    for (const [place, entry] of Object.entries(packages)) {
      const owner = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place)?.[1]
      if (owner === undefined || !isFields(entry) || !isFields(entry.bin)) continue
      for (const program of Object.keys(entry.bin)) {
        if (!programs.has(program) || file.dependencies.has(owner)) programs.set(program, owner)
      }
    }
    return programs
  }

  /** A path for a message: relative to the package where it lies near. */
  tell(path: string): string {
    const way = relative(this.#place.folder, path)
    return way === '' ? '.' : way.startsWith('../') && way.length > path.length ? path : way
  }
}

/** The package of a program by where its link leads: what stands after the last `node_modules`. */
function ownerOf(target: string | undefined): string | undefined {
  return target === undefined ? undefined : /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(target)?.[1]
}

/** A damaged lock file says nothing; that it is damaged is npm's to tell. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isProgram(fact: PathFact): boolean {
  return fact.type === 'file' && fact.isExecutable
}
