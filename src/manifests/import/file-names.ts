import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportedResource } from '../../core/import.ts'
import { kindOf, nameOf } from '../../core/resource.ts'
import { scanIds } from '../scan-ids.ts'

/**
 * The file of each resource: its name; its kind before that where another kind of the same import has the name too, or
 * where the file of that name declares something else already. An environment's overlay lies in the folder of the
 * environment under the same name.
 */
export async function nameFiles(
  resources: readonly ImportedResource[],
  folder: string,
): Promise<readonly string[]> {
  const kinds = new Map<string, Set<string>>()
  for (const { id } of resources) {
    kinds.set(nameOf(id), (kinds.get(nameOf(id)) ?? new Set()).add(kindOf(id)))
  }
  return Promise.all(
    resources.map(async ({ id, environment }) => {
      const home = environment === undefined ? folder : join(folder, 'environments', environment)
      const plain = join(home, `${nameOf(id)}.yaml`)
      const isShared = (kinds.get(nameOf(id))?.size ?? 0) > 1
      if (!isShared && !(await isOfOthers(plain, id))) return plain
      return join(home, `${kebab(kindOf(id))}-${nameOf(id)}.yaml`)
    }),
  )
}

async function isOfOthers(path: string, id: ImportedResource['id']): Promise<boolean> {
  // What cannot be read is told when it is to be written.
  const ids = scanIds(await readFile(path, 'utf8').catch(() => ''))
  return ids.length > 0 && !ids.includes(id)
}

/** `FunctionSet` as its schema's file is called: `function-set`. */
export function kebab(kind: string): string {
  return kind.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()
}
