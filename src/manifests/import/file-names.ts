import { join } from 'node:path'
import type { ImportedResource } from '../../core/import.ts'
import { kindOf, nameOf } from '../../core/resource.ts'

/**
 * The file of each resource: its name; its kind before that where another kind of the same import has the name too. An
 * environment's overlay lies in the folder of the environment under the same name.
 */
export function nameFiles(resources: readonly ImportedResource[], folder: string): readonly string[] {
  const kinds = new Map<string, Set<string>>()
  for (const { id } of resources) {
    kinds.set(nameOf(id), (kinds.get(nameOf(id)) ?? new Set()).add(kindOf(id)))
  }
  return resources.map(({ id, environment }) => {
    const isShared = (kinds.get(nameOf(id))?.size ?? 0) > 1
    const file = `${isShared ? `${kebab(kindOf(id))}-` : ''}${nameOf(id)}.yaml`
    return environment === undefined ? join(folder, file) : join(folder, 'environments', environment, file)
  })
}

/** `FunctionSet` as its schema's file is called: `function-set`. */
export function kebab(kind: string): string {
  return kind.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()
}
