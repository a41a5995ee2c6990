import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** One YAML document of somebody else's, as plain values. */
export interface FoundDocument {
  readonly path: string
  /** The path from where it was looked for. */
  readonly name: string
  readonly value: unknown
}

/** Every YAML document in a folder, at any depth, or in one file. What cannot be read says nothing: other verbs judge it. */
export async function documentsIn(place: string): Promise<readonly FoundDocument[]> {
  const isFile = (await stat(place).catch(() => undefined))?.isFile() === true
  const names = isFile ? [''] : await readdir(place, { recursive: true }).catch(() => [])
  const files = isFile ? names : names.filter((name) => /\.ya?ml$/.test(name)).sort()
  const found = await Promise.all(
    files.map(async (name) => {
      const path = join(place, name)
      const text = await readFile(path, 'utf8').catch(() => '')
      const documents = parseAllDocuments(text)
      return 'empty' in documents
        ? []
        : documents
            .filter(({ errors }) => errors.length === 0)
            .map((document) => ({ path, name, value: document.toJS({ maxAliasCount: 50 }) as unknown }))
    }),
  )
  return found.flat()
}
