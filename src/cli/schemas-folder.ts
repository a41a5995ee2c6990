import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the program's own schemas, absolute: beside `dist` when it is built, beside `src` in a checkout. */
export function findSchemasFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'schemas')
    if (existsSync(join(candidate, 'common.schema.json')) || dirname(folder) === folder) return candidate
  }
}
