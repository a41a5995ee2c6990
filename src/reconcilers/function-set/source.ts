import { createHash } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import type { Bundle, Bundled, BundleFailure } from '../../clients/bundler/bundle.ts'
import { bundlerVersion, startBundler } from '../../clients/bundler/run.ts'
import type { Duration } from '../../core/duration.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import { faultOfBundling } from './bundle-fault.ts'
import { BundleFolder } from './bundle-folder.ts'
import { type IndexedBundle, type KnownFailure, mergeIndex, readIndex } from './bundle-index.ts'
import { type FunctionFile, listDirectory, ownFilesOf, unreadableDirectory } from './directory.ts'
import { type NetlifyToml, readNetlifyToml } from './netlify-toml.ts'
import { type DesiredFunctionSet, directoryOf } from './place.ts'
import { projectRootOf } from './project.ts'
import { SourceHasher } from './source-hash.ts'

/** The functions as the directory has them now. */
export interface FunctionSource {
  readonly functions: readonly SourceFunction[]
  /** Why nothing can be deployed; empty: nothing stands against it. */
  readonly problems: readonly string[]
  /** What could not be bundled as the project is now. */
  readonly failures: readonly BundleFailure[]
  /** Whether it may be bundled by now: it was tried long ago, or a person says so. */
  readonly isRetryDue: boolean
  /** Files and folders that a change in is news of, absolute. */
  readonly watched: readonly string[]
}

/** No directory at all. */
export const noSource: FunctionSource = Object.freeze({
  functions: [],
  problems: [],
  failures: [],
  isRetryDue: false,
  watched: [],
})

/** Milliseconds until what could not be bundled is tried again: what it lacked may lie where nobody looks. */
const retryAfter: Duration = 600_000

export interface SourceFunction extends FunctionFile {
  /** Undefined: its source changed since, or it was never bundled here. */
  readonly bundle: Bundle | undefined
  /** Stands for its source as it is now, as far as it is known what goes in: before the first bundle, its own files. */
  readonly sourceHash: string
}

/** Reads directories of functions, and bundles what changed. Bundles are kept beside the state. */
export class SourceReader {
  readonly #folder: BundleFolder
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #now: () => number

  constructor(options: {
    /** Of the store; bundles lie in a folder of its name, in `functions` beside it. */
    readonly location: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly unique: () => string
    /** Epoch milliseconds. */
    readonly now: () => number
  }) {
    const { location, env, unique, now } = options
    const beside = isAbsolute(location) ? dirname(location) : (env.TMPDIR ?? '/tmp')
    // Others may have their state in the same folder, and sweep what they do not know.
    this.#folder = new BundleFolder(join(beside, 'functions', basename(location)), unique)
    this.#env = env
    this.#now = now
  }

  /** Reads; bundles nothing and writes nothing. `resumedAt`: when a person last resumed it, epoch milliseconds. */
  async read(desired: DesiredFunctionSet, resumedAt = 0): Promise<FunctionSource> {
    const project = await this.#open(desired)
    if ('problem' in project) return unreadSource(desired, project.problem)
    const functions = await Promise.all(project.functions.map((file) => project.withBundle(file)))
    const failures = await knownFailures(project)
    const now = this.#now()
    // One that lies ahead was before the clock was set back.
    const isRetryDue = failures.some(({ at }) => now - at >= retryAfter || at > now || at < resumedAt)
    const watched = watchedPaths(desired, project)
    return { functions, problems: project.problems, failures, isRetryDue, watched }
  }

  /** Zips that are made or asked for within `work` stay until it is over. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    return this.#folder.hold(work)
  }

  /**
   * The same as `read`, with everything bundled; only within `hold`. What could not be bundled is told, and tried again
   * whenever this is called.
   */
  async bundle(
    desired: DesiredFunctionSet,
    options: { readonly signal: AbortSignal; readonly done: (count: number, all: number) => void },
  ): Promise<FunctionSource> {
    const project = await this.#open(desired)
    if ('problem' in project) return unreadSource(desired, project.problem)
    const { problems } = project
    const watched = watchedPaths(desired, project)
    const before = await Promise.all(project.functions.map((file) => project.withBundle(file)))
    const isKept = async ({ bundle }: SourceFunction) =>
      bundle !== undefined && (await this.#folder.has(bundle.digest))
    const kept = await Promise.all(before.map(isKept))
    const stale = before.filter((_, index) => !kept[index])
    const given = { problems, watched, isRetryDue: false }
    if (stale.length === 0) return { ...given, functions: before, failures: [] }
    await mkdir(this.#folder.path, { recursive: true, mode: 0o700 })
    const { bundled, failures, tree } = await this.#run(project, stale, options)
    const broken = failures.find(({ isOfMachine }) => isOfMachine)
    if (broken) throw new ReconcileError('BundlerFailed', faultOfBundling([broken]))
    const everything = await listDirectory(directoryOf(desired), { include: undefined, exclude: undefined })
    const made = {
      present: namesOf(everything.functions),
      asked: namesOf(project.functions),
      bundled,
      failed: { project: tree, failures: failures.map((failure) => ({ ...failure, at: this.#now() })) },
    }
    await this.#folder.changeIndex(project.indexPath, (index) => mergeIndex(index, made))
    const functions = before.map((file) => ({
      ...file,
      bundle: bundled.get(file.name)?.bundle ?? file.bundle,
    }))
    return { ...given, functions, failures }
  }

  zipOf(digest: string): string {
    return this.#folder.zipOf(digest)
  }

  /**
   * Bundles. What may have been saved meanwhile, by its time, is bundled once more: where it is the same before and
   * after, that is what went in, whatever its time says. What is still being written is bundled again the next time.
   */
  async #run(
    project: Project,
    functions: readonly FunctionFile[],
    options: { readonly signal: AbortSignal; readonly done: (count: number, all: number) => void },
  ): Promise<{
    readonly bundled: ReadonlyMap<string, IndexedBundle>
    readonly failures: readonly BundleFailure[]
    /** Stands for the project's sources before any of them was bundled. */
    readonly tree: string
  }> {
    const { root, directory, config } = project
    const { signal } = options
    const start = () => startBundler({ root, env: this.#env, signal })
    const job = (list: readonly FunctionFile[]) => ({
      root,
      folder: this.#folder.path,
      functions: list.map(({ name, path }) => ({ name, path })),
      config,
    })
    const bundler = start()
    let tree: string
    let begunAt: number
    let first: Bundled
    try {
      const { hashProjectTree } = await import('./project-tree.ts')
      tree = await hashProjectTree(root, directory)
      begunAt = await this.#folder.timeOfFiles()
      first = await bundler.bundle(job(functions), (count) => options.done(count, functions.length))
    } finally {
      bundler.stop()
    }
    const bundled = new Map<string, IndexedBundle>()
    const hasher = new SourceHasher(root)
    const unsettled = new Map<string, string>()
    for (const bundle of first.bundles) {
      const sourceHash = await project.hash(hasher, bundle)
      bundled.set(bundle.name, { sourceHash, bundle })
      if (!(await areOlder(root, bundle.inputs, begunAt))) unsettled.set(bundle.name, sourceHash)
    }
    if (unsettled.size === 0) return { bundled, failures: first.failures, tree }
    const doubtful = functions.filter(({ name }) => unsettled.has(name))
    const second = await start().bundle(job(doubtful))
    const afterwards = new SourceHasher(root)
    for (const bundle of second.bundles) {
      const sourceHash = await project.hash(afterwards, bundle)
      const isSettled = sourceHash === unsettled.get(bundle.name)
      bundled.set(bundle.name, { sourceHash: isSettled ? sourceHash : '', bundle })
    }
    for (const { name } of second.failures) bundled.delete(name)
    return { bundled, failures: [...first.failures, ...second.failures], tree }
  }

  async #open(desired: DesiredFunctionSet): Promise<Project | { readonly problem: string }> {
    const directory = directoryOf(desired)
    const { include, exclude } = desired.spec
    let listed: Awaited<ReturnType<typeof listDirectory>>
    try {
      listed = await listDirectory(directory, { include, exclude })
    } catch (error) {
      return { problem: unreadableDirectory(directory, error) }
    }
    const root = await projectRootOf(directory)
    let toml: NetlifyToml | undefined
    try {
      toml = await readNetlifyToml(root)
    } catch (error) {
      return { problem: messageOf(error) }
    }
    const config = toml?.config ?? {}
    const key = createHash('sha256').update(directory).digest('hex').slice(0, 16)
    const indexPath = join(this.#folder.path, `index-${key}.json`)
    const index = await readIndex(indexPath)
    const hasher = new SourceHasher(root)
    const pathOf = new Map(listed.functions.map((file) => [file.name, relative(root, file.path)]))
    const hash = (with_: SourceHasher, of: Pick<Bundle, 'name' | 'inputs' | 'included'>) => {
      const own = configOf(of.name, config)
      return with_.hash({
        inputs: of.inputs,
        extra: [bundlerVersion, pathOf.get(of.name), own],
        included: of.included,
      })
    }
    const withBundle = async (file: FunctionFile): Promise<SourceFunction> => {
      const known = index.entries.get(file.name)
      const made = known?.bundle ?? {
        name: file.name,
        inputs: (await ownFilesOf(file)).map((path) => relative(root, path)),
        included: { globs: [], base: '' },
      }
      const sourceHash = await hash(hasher, made)
      return { ...file, bundle: sourceHash === known?.sourceHash ? known.bundle : undefined, sourceHash }
    }
    return { ...listed, root, directory, config, index, indexPath, hash, withBundle }
  }
}

/** A directory as it was opened, with what decides about its bundles. */
interface Project {
  readonly functions: readonly FunctionFile[]
  readonly problems: readonly string[]
  readonly root: string
  /** Of the functions. */
  readonly directory: string
  readonly config: NetlifyToml['config']
  readonly index: Awaited<ReturnType<typeof readIndex>>
  readonly indexPath: string
  readonly hash: (hasher: SourceHasher, of: Pick<Bundle, 'name' | 'inputs' | 'included'>) => Promise<string>
  readonly withBundle: (file: FunctionFile) => Promise<SourceFunction>
}

/** What of netlify.toml may be about a function: what names others says nothing of it, and a glob may mean any. */
function configOf(name: string, config: NetlifyToml['config']): NetlifyToml['config'] {
  return Object.fromEntries(Object.entries(config).filter(([key]) => key === name || !/^[\w-]+$/.test(key)))
}

function unreadSource(desired: DesiredFunctionSet, problem: string): FunctionSource {
  return { ...noSource, problems: [problem], watched: [directoryOf(desired)] }
}

/** Settings of the project that decide about bundles. */
const settings = ['netlify.toml', 'package.json', 'tsconfig.json']

/**
 * The directory, the settings, and what lies elsewhere and went into bundles; what is installed is not watched. Where
 * something could not be bundled, a file anywhere in the project may be what it lacks.
 */
function watchedPaths(
  desired: DesiredFunctionSet,
  { root, index }: Pick<Project, 'root' | 'index'>,
): readonly string[] {
  const directory = directoryOf(desired)
  const inputs = [...index.entries.values()]
    .flatMap(({ bundle }) => bundle.inputs)
    .filter((path) => !path.split('/').includes('node_modules'))
    .map((path) => join(root, path))
    .filter((path) => !path.startsWith(`${directory}/`))
  const own = [directory, ...settings.map((name) => join(root, name)), ...inputs]
  return [...new Set(index.failed ? [...own, root] : own)]
}

function namesOf(functions: readonly FunctionFile[]): ReadonlySet<string> {
  return new Set(functions.map(({ name }) => name))
}

/** What could not be bundled the last time, where nothing changed since that could mend it. */
async function knownFailures({
  root,
  directory,
  index,
  functions,
}: Project): Promise<readonly KnownFailure[]> {
  const { failed } = index
  if (!failed) return []
  const { hashProjectTree } = await import('./project-tree.ts')
  if ((await hashProjectTree(root, directory)) !== failed.project) return []
  const names = namesOf(functions)
  return failed.failures.filter(({ name }) => names.has(name))
}

async function areOlder(root: string, paths: readonly string[], than: number): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => stat(join(root, path)).catch(() => undefined)))
  return found.every((stats) => stats !== undefined && stats.mtimeMs < than)
}
