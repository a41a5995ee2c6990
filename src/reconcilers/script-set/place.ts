import { dirname, resolve } from 'node:path'
import type { Resource } from '../../core/resource.ts'
import type { Resolved } from '../../core/secret.ts'
import type { ScriptSetSpec } from './spec.generated.ts'

/** A ScriptSet as the engine hands it over. */
export type DesiredScriptSet = Resource<Resolved<ScriptSetSpec>>

/** The package.json, absolute, as the manifest names it: links are not resolved. */
export function packagePathOf(desired: Resource<Pick<ScriptSetSpec, 'package'>>): string {
  return resolve(dirname(desired.origin.file), desired.spec.package)
}
