import { join, relative } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { ancestors, type FileFacts } from './file-facts.ts'

/**
 * What git ignores below one folder, by the `.gitignore` files from there up to the work tree's root: what is ignored
 * is made by something, and its absence is no mistake of the script.
 */
export class GitIgnored {
  readonly #folder: string
  readonly #facts: FileFacts
  #rules: Promise<readonly FolderRules[]> | undefined

  constructor(folder: string, facts: FileFacts) {
    this.#folder = folder
    this.#facts = facts
  }

  async holds(path: string): Promise<boolean> {
    this.#rules ??= this.#read()
    for (const { folder, rules } of await this.#rules) {
      // A rule for folders alone tells them by the slash at their end.
      const way = `${relative(folder, path)}${path.endsWith('/') ? '/' : ''}`
      if (way !== '' && !way.startsWith('..') && rules.ignores(way)) return true
    }
    return false
  }

  async #read(): Promise<readonly FolderRules[]> {
    const found: FolderRules[] = []
    for (const folder of ancestors(this.#folder)) {
      const read = await this.#facts.read(join(folder, '.gitignore'))
      if (read.type === 'text') found.push({ folder, rules: ignore().add(read.text) })
      if ((await this.#facts.look(join(folder, '.git'))).type !== 'absent') break
    }
    return found
  }
}

interface FolderRules {
  readonly folder: string
  readonly rules: Ignore
}
