import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Included } from '../../clients/bundler/bundle.ts'
import { extendedBy } from './tsconfig-chain.ts'

/** Files that decide how a source is understood, wherever they lie above it in the project. */
const settings = ['package.json', 'tsconfig.json'] as const

/** Bytes that are read before whatever else is due in this process gets its turn. */
const breath = 4 * 1024 * 1024

/**
 * Hashes what a bundle is made of: the files that went in the last time, what decides how they are resolved, and the
 * bundler's settings. Reads each file once, however many functions share it: make one for one reading. Files are small and many:
 * to read them at once takes a tenth of what it takes to wait for each.
 */
export class SourceHasher {
  readonly #root: string
  readonly #contents = new Map<string, string>()
  /** By folder, and in it by stem. */
  readonly #siblings = new Map<string, ReadonlyMap<string, readonly string[]>>()
  readonly #extended = new Map<string, Promise<readonly string[]>>()
  #unpaused = 0

  constructor(root: string) {
    this.#root = root
  }

  async hash(source: {
    /** Relative to the project's root. */
    readonly inputs: readonly string[]
    /** Whatever else decides, such as the bundler's version and settings. */
    readonly extra: unknown
    /** Globs of files that are packed as they are. */
    readonly included: Included
  }): Promise<string> {
    const folders = new Set(source.inputs.map((input) => dirname(input)))
    const paths = new Set([...source.inputs, ...(await this.#included(source.included))])
    for (const folder of folders) {
      for (const path of settingsAbove(folder)) {
        paths.add(path)
        for (const extended of await this.#extendedBy(path)) paths.add(extended)
      }
    }
    const sorted = [...paths].sort()
    const hashes: string[] = []
    for (const path of sorted) {
      hashes.push(this.#contentOf(path))
      if (this.#unpaused < breath) continue
      this.#unpaused = 0
      await setImmediate()
    }
    const rivals = source.inputs.map((input) => this.#rivalsOf(input))
    const hash = createHash('sha256').update(JSON.stringify(source.extra ?? null))
    for (const [index, path] of sorted.entries()) hash.update(`\n${path} ${hashes[index]}`)
    hash.update(`\n${JSON.stringify(rivals)}`)
    return hash.digest('hex')
  }

  #contentOf(path: string): string {
    let content = this.#contents.get(path)
    if (content === undefined) {
      content = this.#read(path)
      this.#contents.set(path, content)
    }
    return content
  }

  #read(path: string): string {
    try {
      const bytes = readFileSync(join(this.#root, path))
      this.#unpaused += bytes.byteLength
      return createHash('sha256').update(bytes).digest('hex')
    } catch {
      return 'absent'
    }
  }

  #extendedBy(path: string): Promise<readonly string[]> {
    if (basename(path) !== 'tsconfig.json') return Promise.resolve([])
    const known = this.#extended.get(path)
    if (known) return known
    const reading = extendedBy(this.#root, path)
    this.#extended.set(path, reading)
    return reading
  }

  async #included({ globs, base }: Included): Promise<readonly string[]> {
    if (globs.length === 0) return []
    const { glob } = await import('tinyglobby')
    const found = await glob([...globs], { cwd: join(this.#root, base), dot: true, onlyFiles: true })
    return found.map((path) => join(base, path))
  }

  /** Files beside an input that differ from it in their extension alone: a new one may be taken in its place. */
  #rivalsOf(input: string): readonly string[] {
    const folder = dirname(input)
    if (folder.includes('node_modules')) return []
    let byStem = this.#siblings.get(folder)
    if (!byStem) {
      byStem = Map.groupBy(namesIn(join(this.#root, folder)), stemOf)
      this.#siblings.set(folder, byStem)
    }
    return byStem.get(stemOf(input)) ?? []
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
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
