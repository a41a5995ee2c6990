import { dirname, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { limits } from './limits.ts'
import { readText } from './read-text.ts'
import { manifestFilesOf } from './scan-ids.ts'

/** What manifests say that a person types elsewhere. */
export interface ScannedValues {
  /** `tier=core`, each once. */
  readonly labels: readonly string[]
  /** The package.json files of ScriptSets, absolute. */
  readonly packages: readonly string[]
}

/** Labels and packages in a folder of manifests, of whatever can be parsed; nothing is checked. */
export async function scanValues(folder: string): Promise<ScannedValues> {
  const labels = new Set<string>()
  const packages = new Set<string>()
  for (const file of await manifestFilesOf(folder)) {
    const reading = await readText(file, limits.bytes)
    if (reading.type !== 'text') continue
    for (const document of documentsIn(reading.text)) {
      const found = fieldOf(fieldOf(document, 'metadata'), 'labels')
      if (typeof found === 'object' && found !== null) {
        for (const [key, value] of Object.entries(found))
          if (typeof value === 'string') labels.add(`${key}=${value}`)
      }
      const path = fieldOf(fieldOf(document, 'spec'), 'package')
      if (fieldOf(document, 'kind') === 'ScriptSet' && typeof path === 'string')
        packages.add(resolve(dirname(file), path))
    }
  }
  return { labels: [...labels].sort(), packages: [...packages] }
}

/** A broken document is passed over: who completes a word is not told of faults. */
function documentsIn(text: string): readonly unknown[] {
  const parsed = parseAllDocuments(text, { logLevel: 'silent' })
  return [...parsed].flatMap((document) => {
    try {
      return document.errors.length > 0 ? [] : [document.toJS({ maxAliasCount: 100 })]
    } catch {
      return []
    }
  })
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}
