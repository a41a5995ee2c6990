import { access, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type BundleIndex, readIndex, writeIndex, zipPath } from './bundle-index.ts'

/**
 * The folder where zips and their indexes lie, one for each state, shared by all sets of functions of it. It is swept when
 * nobody holds it: what one set bundles or uploads is never taken for what another left behind.
 */
export class BundleFolder {
  readonly path: string
  readonly #unique: () => string
  #holders = 0
  #sweeping: Promise<void> = Promise.resolve()
  #indexing: Promise<void> = Promise.resolve()

  constructor(path: string, unique: () => string) {
    this.path = path
    this.#unique = unique
  }

  /** Whatever is bundled and read within `work` stays until it is over. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#holders += 1
    try {
      await this.#sweeping
      return await work()
    } finally {
      this.#holders -= 1
      if (this.#holders === 0) this.#sweeping = this.#sweep()
      await this.#sweeping
    }
  }

  zipOf(digest: string): string {
    return zipPath(this.path, digest)
  }

  /** Whether the zip of a digest lies there. */
  has(digest: string): Promise<boolean> {
    return access(this.zipOf(digest)).then(
      () => true,
      () => false,
    )
  }

  /** Changes an index, one change after another: two sets may share one. */
  changeIndex(path: string, change: (before: BundleIndex) => BundleIndex): Promise<void> {
    const changed = this.#indexing.then(async () => {
      await writeIndex(path, change(await readIndex(path)), this.#unique())
    })
    this.#indexing = changed.catch(() => undefined)
    return changed
  }

  /** What the file system takes for now, in ms: times of files are compared with it. */
  async timeOfFiles(): Promise<number> {
    const marker = join(this.path, `work-${this.#unique()}`)
    await writeFile(marker, '')
    const { mtimeMs } = await stat(marker)
    await rm(marker, { force: true })
    return mtimeMs
  }

  /** Drops zips that no index names any more, and what a killed bundler left. What cannot go today goes another time. */
  async #sweep(): Promise<void> {
    const names = await readdir(this.path).catch((): string[] => [])
    const indexes = names.filter((name) => name.startsWith('index-') && name.endsWith('.json'))
    const used = new Set<string>()
    for (const name of indexes) {
      for (const { bundle } of (await readIndex(join(this.path, name))).entries.values())
        used.add(bundle.digest)
    }
    const isLeft = (name: string) =>
      name.startsWith('work-') || (name.endsWith('.zip') && !used.has(basename(name, '.zip')))
    await Promise.allSettled(
      names.filter(isLeft).map((name) => rm(join(this.path, name), { recursive: true, force: true })),
    )
  }
}
