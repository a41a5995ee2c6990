import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Invocation } from '../invocation.ts'

/** The names that the manifests declare, by their texts alone: no domain is loaded for a key. */
export interface FleetNames {
  readonly resources: readonly string[]
  readonly receivers: readonly string[]
  readonly environments: readonly string[]
}

/** Reads at most once what a command line is about. */
export class FleetReader {
  readonly #folder: string
  #names: Promise<FleetNames> | undefined

  constructor({ cwd }: Invocation, words: readonly string[], command: Command | undefined) {
    this.#folder = resolve(cwd, namedFolder(words, command) ?? 'manifests')
  }

  names(): Promise<FleetNames> {
    this.#names ??= import('../../manifests/scan-ids.ts').then(({ scanFolder }) => scanFolder(this.#folder))
    return this.#names
  }

  async labels(): Promise<readonly string[]> {
    const { scanValues } = await import('../../manifests/scan-values.ts')
    return (await scanValues(this.#folder)).labels
  }

  /** The npm scripts of the packages that ScriptSets name. */
  async scripts(): Promise<readonly string[]> {
    const { scanValues } = await import('../../manifests/scan-values.ts')
    const { packages } = await scanValues(this.#folder)
    return (await Promise.all(packages.map(scriptsOf))).flat()
  }
}

async function scriptsOf(file: string): Promise<readonly string[]> {
  try {
    const found: unknown = JSON.parse(await readFile(file, 'utf8'))
    const scripts = typeof found === 'object' && found !== null && 'scripts' in found ? found.scripts : {}
    return typeof scripts === 'object' && scripts !== null ? Object.keys(scripts) : []
  } catch {
    // It is missing or broken: there is nothing to complete.
    return []
  }
}

/**
 * The folder that a command line names: `--file DIR`, `--file=DIR` (which bash hands over as three words), or `-f DIR`
 * where the verb has not given that flag another meaning, as `logs` has.
 */
function namedFolder(words: readonly string[], command: Command | undefined): string | undefined {
  const flags = command?.options.find(({ long }) => long === '--file')
  const isShort = flags === undefined || flags.short === '-f'
  for (const [index, word] of words.entries()) {
    if (word.startsWith('--file=')) return word.slice('--file='.length)
    if (word !== '--file' && !(isShort && word === '-f')) continue
    return words[index + 1] === '=' ? words[index + 2] : words[index + 1]
  }
  return undefined
}
