import { createHash } from 'node:crypto'
import { access, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import type { Bundle, BundleFailure } from '../../clients/bundler/bundle.ts'
import { bundlerVersion, runBundler } from '../../clients/bundler/run.ts'
import { messageOf } from '../../core/errors.ts'
import { type BundleIndex, type IndexedBundle, readIndex, writeIndex, zipPath } from './bundle-index.ts'
import { type FunctionFile, listDirectory, unreadableDirectory } from './directory.ts'
import { type NetlifyToml, readNetlifyToml } from './netlify-toml.ts'
import { type DesiredFunctionSet, directoryOf } from './place.ts'
import { projectRootOf } from './project.ts'
import { SourceHasher } from './source-hash.ts'

/** The functions as the directory has them now. */
export interface FunctionSource {
  readonly functions: readonly SourceFunction[]
  /** Why nothing can be deployed; empty: nothing stands against it. */
  readonly problems: readonly string[]
}

export interface SourceFunction extends FunctionFile {
  /** Undefined: its source changed since, or it was never bundled here. */
  readonly bundle: Bundle | undefined
}

/** Reads directories of functions, and bundles what changed. Bundles are kept beside the state. */
export class SourceReader {
  readonly #folder: string
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #unique: () => string

  constructor(options: {
    /** Of the store; bundles lie in the folder `functions` beside it. */
    readonly location: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly unique: () => string
  }) {
    const { location, env } = options
    this.#folder = join(isAbsolute(location) ? dirname(location) : (env.TMPDIR ?? '/tmp'), 'functions')
    this.#env = env
    this.#unique = options.unique
  }

  /** Reads; bundles nothing and writes nothing. */
  async read(desired: DesiredFunctionSet): Promise<FunctionSource> {
    const project = await this.#open(desired)
    if ('problem' in project) return { functions: [], problems: [project.problem] }
    const functions = await Promise.all(project.functions.map((file) => project.withBundle(file)))
    return { functions, problems: project.problems }
  }

  /** The same, with everything bundled. Functions that could not be are told, and the rest is as it is. */
  async bundle(
    desired: DesiredFunctionSet,
    options: { readonly signal: AbortSignal; readonly done: (count: number, all: number) => void },
  ): Promise<FunctionSource & { readonly failures: readonly BundleFailure[] }> {
    const project = await this.#open(desired)
    if ('problem' in project) return { functions: [], problems: [project.problem], failures: [] }
    const { root, config } = project
    const before = await Promise.all(project.functions.map((file) => project.withBundle(file)))
    const isKept = async ({ bundle }: SourceFunction) =>
      bundle !== undefined && (await exists(zipPath(this.#folder, bundle.digest)))
    const kept = await Promise.all(before.map(isKept))
    const stale = before.filter((_, index) => !kept[index])
    if (stale.length === 0) return { functions: before, problems: project.problems, failures: [] }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const begunAt = await this.#timeOfFiles()
    const { bundles, failures } = await runBundler(
      { root, folder: this.#folder, functions: stale.map(({ name, path }) => ({ name, path })), config },
      this.#env,
      { signal: options.signal, done: (count) => options.done(count, stale.length) },
    )
    const hasher = new SourceHasher(root)
    const entries = new Map<string, IndexedBundle>()
    for (const { name } of project.functions) {
      const known = project.index.entries.get(name)
      if (known) entries.set(name, known)
    }
    for (const bundle of bundles) {
      // What was saved while it was bundled may not be what went in: it is bundled again the next time.
      const isSettled = await areOlder(root, bundle.inputs, begunAt)
      entries.set(bundle.name, { sourceHash: isSettled ? await project.hash(hasher, bundle) : '', bundle })
    }
    const index: BundleIndex = { entries }
    await writeIndex(project.indexPath, index, this.#unique())
    await this.#sweep()
    const made = new Map(bundles.map((bundle) => [bundle.name, bundle]))
    const functions = before.map((file) => ({ ...file, bundle: made.get(file.name) ?? file.bundle }))
    return { functions, problems: project.problems, failures }
  }

  zipOf(digest: string): string {
    return zipPath(this.#folder, digest)
  }

  async #open(desired: DesiredFunctionSet) {
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
    const indexPath = join(this.#folder, `index-${key}.json`)
    const index = await readIndex(indexPath)
    const hasher = new SourceHasher(root)
    const includedFiles = Object.values(config).flatMap(({ includedFiles: globs }) =>
      Array.isArray(globs) ? globs.filter((item) => typeof item === 'string') : [],
    )
    const pathOf = new Map(listed.functions.map((file) => [file.name, relative(root, file.path)]))
    const hash = (with_: SourceHasher, bundle: Bundle) =>
      with_.hash({
        inputs: bundle.inputs,
        extra: [bundlerVersion, pathOf.get(bundle.name), config],
        includedFiles,
      })
    const withBundle = async (file: FunctionFile): Promise<SourceFunction> => {
      const known = index.entries.get(file.name)
      const isCurrent = known !== undefined && (await hash(hasher, known.bundle)) === known.sourceHash
      return { ...file, bundle: isCurrent ? known.bundle : undefined }
    }
    return { ...listed, root, config, index, indexPath, hash, withBundle }
  }

  /** What the file system takes for now, in ms: times of files are compared with it. */
  async #timeOfFiles(): Promise<number> {
    const marker = join(this.#folder, `work-${this.#unique()}`)
    await writeFile(marker, '')
    const { mtimeMs } = await stat(marker)
    await rm(marker, { force: true })
    return mtimeMs
  }

  /** Drops zips that no index names any more, and what a killed bundler left. */
  async #sweep(): Promise<void> {
    const names = await readdir(this.#folder)
    const indexes = names.filter((name) => name.startsWith('index-') && name.endsWith('.json'))
    const used = new Set<string>()
    for (const name of indexes) {
      for (const { bundle } of (await readIndex(join(this.#folder, name))).entries.values())
        used.add(bundle.digest)
    }
    const isLeft = (name: string) =>
      name.startsWith('work-') || (name.endsWith('.zip') && !used.has(basename(name, '.zip')))
    await Promise.all(
      names.filter(isLeft).map((name) => rm(join(this.#folder, name), { recursive: true, force: true })),
    )
  }
}

async function areOlder(root: string, paths: readonly string[], than: number): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => stat(join(root, path)).catch(() => undefined)))
  return found.every((stats) => stats !== undefined && stats.mtimeMs < than)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
