import { dirname, resolve } from 'node:path'
import type { Draft } from './draft.ts'
import type { Layered } from './environment.ts'
import { isInside, type Roots, realPlaceOf } from './fleet-root.ts'
import { schemaAt, takesReference } from './schema-walk.ts'
import { isReference } from './secrets.ts'
import { childOf, formatPath, treeValue, walkTree } from './tree.ts'

/** A `fromFile` that leads out of the roots is an error, whether or not its file exists. */
export function checkReferenceFiles(document: Layered, roots: Roots, faults: Draft['faults']): void {
  const folder = dirname(document.file.path)
  walkTree(document.root, (tree, path) => {
    const value = tree.type === 'map' && tree.entries.has('fromFile') ? treeValue(tree) : undefined
    if (!isReference(value) || !('fromFile' in value)) return undefined
    if (!takesReference(schemaAt(document.kind, path))) return undefined
    if (isInside(realPlaceOf(resolve(folder, value.fromFile)), roots)) return 'pass over'
    const place = [...path, 'fromFile']
    faults.add(place, {
      code: 'reference-outside-root',
      message: `\`${formatPath(place)}\` leads out of the fleet root`,
      hint: 'Move the file inside, or allow its folder in the Fleet and by `--allow-path`.',
    })
    return 'pass over'
  })
}

/**
 * A file or folder that is read into actions, and leads out of the roots once links are resolved. Returns whether
 * there is none: what lies there is not looked at, so that nothing of it is told.
 */
export function checkContainedPaths(document: Layered, roots: Roots, faults: Draft['faults']): boolean {
  const spec = childOf(document.root, 'spec')
  if (spec?.type !== 'map') return true
  let areAllInside = true
  for (const [name, { value }] of spec.entries) {
    const isContained = schemaAt(document.kind, ['spec', name]).some(
      ({ schema }) => schema['x-contained'] === true,
    )
    if (!isContained || value.type !== 'scalar' || typeof value.value !== 'string') continue
    if (isInside(realPlaceOf(resolve(dirname(document.file.path), value.value)), roots)) continue
    areAllInside = false
    faults.add(['spec', name], {
      code: 'path-outside-root',
      message: `\`${name}\` leads out of the fleet root`,
      hint: 'Move it inside, or allow its folder in the Fleet and by `--allow-path`.',
    })
  }
  return areAllInside
}
