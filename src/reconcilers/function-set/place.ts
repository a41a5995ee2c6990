import { dirname, resolve } from 'node:path'
import type { Resource } from '../../core/resource.ts'
import type { Resolved } from '../../core/secret.ts'
import type { FunctionSetSpec } from './spec.generated.ts'

export type DesiredFunctionSet = Resource<Resolved<FunctionSetSpec>>

/** What a path of the manifest needs to become absolute. */
type Placed = Pick<Resource, 'origin'> & { readonly spec: Pick<FunctionSetSpec, 'directory' | 'inventory'> }

/** The folder of the functions, absolute. */
export function directoryOf(desired: Placed): string {
  return resolve(dirname(desired.origin.file), desired.spec.directory)
}

/** The file that lists them, absolute; undefined: none is kept. */
export function inventoryOf(desired: Placed): string | undefined {
  const { inventory } = desired.spec
  return inventory === undefined ? undefined : resolve(dirname(desired.origin.file), inventory)
}

/** Names of sites are lower-case at Netlify. */
export function siteOf(desired: { readonly spec: Pick<FunctionSetSpec, 'site'> }): string {
  return desired.spec.site.toLowerCase()
}

/** Where a function without paths of its own is served. */
export function usualPathOf(name: string): string {
  return `/.netlify/functions/${name}`
}

/** Whether others deploy it, so that nothing of it becomes ours. */
export function isOnlyWatched({ spec, controls }: Pick<DesiredFunctionSet, 'spec' | 'controls'>): boolean {
  return spec.via === 'build' || controls.managementPolicy === 'Observe'
}
