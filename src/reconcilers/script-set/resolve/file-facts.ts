import { basename, dirname, join, resolve } from 'node:path'
import { type Disk, type LinkFact, machineDisk, type PathFact, type TextFact } from './disk.ts'

/** Files that are read whole: whether they are there is told by the same reading. */
const readFiles: ReadonlySet<string> = new Set([
  'package.json',
  'package-lock.json',
  'pnpm-workspace.yaml',
  '.gitignore',
])

/**
 * What the file system says, each path asked for once as long as this lives: one pass. Changes nothing, opens no pipe,
 * starts nothing.
 */
export class FileFacts {
  readonly #disk: Disk
  readonly #looks = new Map<string, Promise<PathFact>>()
  readonly #lists = new Map<string, Promise<ReadonlySet<string> | undefined>>()
  readonly #texts = new Map<string, Promise<TextFact>>()
  readonly #links = new Map<string, Promise<LinkFact>>()

  constructor(disk: Disk = machineDisk) {
    this.#disk = disk
  }

  /** What is at a path, links followed. */
  look(path: string): Promise<PathFact> {
    return once(this.#looks, path, async () => {
      if (readFiles.has(basename(path))) {
        const read = await this.read(path)
        if (read.type === 'text') return { type: 'file', isExecutable: (read.stats.mode & 0o111) !== 0 }
        if (read.type === 'absent') return { type: 'absent' }
      }
      if (await this.#lists.get(path)) return { type: 'folder' }
      if (isProgramLink(path)) {
        const link = await this.#link(path)
        if (link.type !== 'link') return link
        // Programs that lead to programs may lead round in a circle, which the system knows.
        return isProgramLink(link.target) ? this.#disk.look(path) : this.look(link.target)
      }
      return this.#disk.look(path)
    })
  }

  /** Names in a folder; undefined: there is no such folder, or it may not be read. */
  list(folder: string): Promise<ReadonlySet<string> | undefined> {
    return once(this.#lists, folder, async () => {
      const known = await this.#looks.get(folder)
      if (known && known.type !== 'folder') return undefined
      const names = await this.#disk.list(folder)
      return names && new Set(names)
    })
  }

  read(path: string): Promise<TextFact> {
    return once(this.#texts, path, () => this.#disk.read(path))
  }

  /** Where a program of a `.bin` folder leads by the words of its link; undefined: it is none. */
  async follow(program: string): Promise<string | undefined> {
    const link = await this.#link(program)
    return link.type === 'link' ? link.target : undefined
  }

  /** Targets are made absolute. */
  #link(path: string): Promise<LinkFact> {
    return once(this.#links, path, async () => {
      const fact = await this.#disk.follow(path)
      return fact.type === 'link' ? { ...fact, target: resolve(dirname(path), fact.target) } : fact
    })
  }
}

function once<T>(known: Map<string, Promise<T>>, path: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(path)
  if (before) return before
  const answer = ask()
  known.set(path, answer)
  return answer
}

/** The folder and those above it, innermost first. */
export function ancestors(folder: string): readonly string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...ancestors(above)]
}

/** Whether a path is a program of a `.bin` folder, which npm makes as a link. */
export function isProgramLink(path: string): boolean {
  return dirname(path).endsWith(join('node_modules', '.bin'))
}

export function binFolder(folder: string): string {
  return join(folder, 'node_modules', '.bin')
}
