import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { glob } from 'tinyglobby'
import { extendedBy } from './tsconfig-chain.ts'

/** Files that decide how a source is understood, wherever they lie above it in the project. */
const settings = ['package.json', 'tsconfig.json'] as const

/**
 * Hashes what a bundle is made of: the files that went in the last time, what decides how they are resolved, and the
 * bundler's settings. Reads each file once, however many functions share it: make one for one reading.
 */
export class SourceHasher {
  readonly #root: string
  readonly #contents = new Map<string, Promise<string>>()
  readonly #siblings = new Map<string, Promise<readonly string[]>>()
  readonly #extended = new Map<string, Promise<readonly string[]>>()

  constructor(root: string) {
    this.#root = root
  }

  async hash(source: {
    /** Relative to the project's root. */
    readonly inputs: readonly string[]
    /** Whatever else decides, such as the bundler's version and settings. */
    readonly extra: unknown
    /** Globs whose files are packed as they are, relative to the project's root. */
    readonly includedFiles: readonly string[]
  }): Promise<string> {
    const folders = new Set(source.inputs.map((input) => dirname(input)))
    const paths = new Set([...source.inputs, ...(await this.#included(source.includedFiles))])
    for (const folder of folders) {
      for (const path of settingsAbove(folder)) {
        paths.add(path)
        for (const extended of await this.#extendedBy(path)) paths.add(extended)
      }
    }
    const sorted = [...paths].sort()
    const hashes = await Promise.all(sorted.map((path) => this.#contentOf(path)))
    const rivals = await Promise.all(source.inputs.map((input) => this.#rivalsOf(input)))
    const hash = createHash('sha256').update(JSON.stringify(source.extra ?? null))
    for (const [index, path] of sorted.entries()) hash.update(`\n${path} ${hashes[index]}`)
    hash.update(`\n${JSON.stringify(rivals)}`)
    return hash.digest('hex')
  }

  #contentOf(path: string): Promise<string> {
    const known = this.#contents.get(path)
    if (known) return known
    const reading = readFile(join(this.#root, path)).then(
      (bytes) => createHash('sha256').update(bytes).digest('hex'),
      () => 'absent',
    )
    this.#contents.set(path, reading)
    return reading
  }

  #extendedBy(path: string): Promise<readonly string[]> {
    if (basename(path) !== 'tsconfig.json') return Promise.resolve([])
    const known = this.#extended.get(path)
    if (known) return known
    const reading = extendedBy(this.#root, path)
    this.#extended.set(path, reading)
    return reading
  }

  async #included(globs: readonly string[]): Promise<readonly string[]> {
    if (globs.length === 0) return []
    return glob([...globs], { cwd: this.#root, dot: true, onlyFiles: true })
  }

  /** Files beside an input that differ from it in their extension alone: a new one may be taken in its place. */
  async #rivalsOf(input: string): Promise<readonly string[]> {
    const folder = dirname(input)
    if (folder.includes('node_modules')) return []
    let names = this.#siblings.get(folder)
    if (!names) {
      names = readdir(join(this.#root, folder)).then(
        (list) => list.sort(),
        () => [],
      )
      this.#siblings.set(folder, names)
    }
    const stem = stemOf(input)
    return (await names).filter((name) => stemOf(name) === stem)
  }
}

function stemOf(path: string): string {
  return basename(path).split('.')[0] ?? ''
}

function settingsAbove(folder: string): readonly string[] {
  const found: string[] = []
  if (folder.startsWith('..')) return found
  for (let at = folder; ; at = dirname(at)) {
    for (const name of settings) found.push(at === '.' ? name : `${at}/${name}`)
    if (at === '.' || dirname(at) === at) return found
  }
}
