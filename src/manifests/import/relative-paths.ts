import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { type SchemaPlaces, schemaAt, stepInto } from '../schema-walk.ts'

/**
 * Makes the absolute paths of a manifest relative to the folder of its file. A path is what the schema marks `x-path`.
 * What lies outside the fleet root stays absolute: a way up through the whole disk would say less.
 */
export function relativePaths(
  manifest: Readonly<Record<string, unknown>>,
  place: { readonly folder: string; readonly root: string },
): Readonly<Record<string, unknown>> {
  const depth = depthBelow(place.root, place.folder)
  const shorten = (text: string): string => {
    const mark = text.startsWith('!') ? '!' : ''
    const path = text.slice(mark.length)
    if (!isAbsolute(path)) return text
    const way = relative(place.folder, path)
    const ups = way.split(sep).filter((part) => part === '..').length
    if (ups > depth) return text
    if (way === '') return `${mark}.`
    // Without a slash it would be a program that is looked for on PATH.
    return `${mark}${way.includes('/') || way === '..' ? way : `./${way}`}`
  }
  const walk = (value: unknown, places: SchemaPlaces): unknown => {
    if (typeof value === 'string') return isPath(places) ? shorten(value) : value
    if (Array.isArray(value)) return value.map((item, index) => walk(item, stepInto(places, `${index}`)))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, walk(child, stepInto(places, key))]),
    )
  }
  return walk(manifest, schemaAt(String(manifest.kind), [])) as Readonly<Record<string, unknown>>
}

/** Whether the schema says that a text here is a path, relative to the manifest's own file. */
export function isPath(places: SchemaPlaces): boolean {
  return places.some(({ schema }) => schema['x-path'] === true)
}

/** How many folders a folder, which perhaps does not exist yet, lies below another one. */
function depthBelow(root: string, folder: string): number {
  const way = relative(root, realPathOf(folder))
  return way === '' ? 0 : way.split(sep).length
}

/** A path with the links of what exists of it resolved. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    return resolve(realPathOf(dirname(path)), relative(dirname(path), path))
  }
}
