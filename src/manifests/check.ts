import { type Diagnostic, isError } from '../core/diagnostic.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import { isResource, settingKinds } from './alerting.ts'
import { readBeside } from './beside.ts'
import { compose } from './compose.ts'
import { distinct } from './fault.ts'
import { resolveAllowances } from './fleet.ts'
import { type Location, locate, nothingDeclared, unknownEnvironment } from './location.ts'
import { type ManifestFile, readManifestFiles } from './manifest-file.ts'
import { isNothingDeclared, type ReadOptions } from './read.ts'

export type CheckOptions = Pick<
  ReadOptions,
  'paths' | 'cwd' | 'environment' | 'reconcilers' | 'env' | 'allow' | 'now' | 'mask'
>

export interface CheckResult {
  readonly diagnostics: readonly Diagnostic[]
  readonly summary: {
    readonly errors: number
    readonly warnings: number
    /** Resources that some environment, or the base, declares. */
    readonly resources: number
  }
  /** Those that are valid, each as the first of base and environments has it; references are not resolved. */
  readonly resources: readonly Resource[]
}

/**
 * Says everything that is wrong with the manifests: of the base and of every environment, or of the one that is
 * named. Reads files and nothing else: no command, no value of a reference, no store.
 */
export async function checkManifests(options: CheckOptions): Promise<CheckResult> {
  const check = () => checkAll(options)
  return options.mask ? options.mask.holdAllOf('checked manifests', check) : check()
}

async function checkAll(options: CheckOptions): Promise<CheckResult> {
  const location = await locate(options.paths, options.cwd)
  const kinds = [...options.reconcilers.keys(), ...settingKinds]
  const named = await readManifestFiles(location.base, kinds)
  const base = [...named, ...(await readBeside(location.beside, kinds))]
  const diagnostics = [...location.diagnostics]
  const ids = new Set<string>()
  const valid = new Map<ResourceId, Resource>()
  const all = [...base]
  for (const name of environmentsToCheck(options, location)) {
    const paths = name === undefined ? [] : location.environments.get(name)
    if (!paths) {
      diagnostics.push(unknownEnvironment(location, name ?? ''))
      continue
    }
    const files = await readManifestFiles(paths, kinds)
    all.push(...files)
    const composition = await compose({
      base,
      environment: name === undefined ? undefined : { name, files },
      environments: [...location.environments.keys()],
      isWhole: location.isWhole,
      reconcilers: options.reconcilers,
      root: location.root,
      env: options.env,
      allow: resolveAllowances(options.allow, options.cwd),
      now: options.now,
      mask: options.mask,
      broken: brokenIds(base),
    })
    diagnostics.push(...composition.diagnostics)
    for (const { resource } of composition.drafts) {
      if (!valid.has(resource.id)) valid.set(resource.id, resource)
    }
    for (const id of composition.declared.keys()) if (isResource(id)) ids.add(id)
  }
  // A pass of a folder that holds settings alone stops as one of an empty folder does.
  const hasNothing = location.isWhole && ids.size === 0 && !diagnostics.some(isError)
  if (hasNothing || isNothingDeclared(all, diagnostics)) diagnostics.push(nothingDeclared(location))
  const told = distinct(diagnostics)
  const errors = told.filter(isError).length
  return Object.freeze({
    diagnostics: told,
    summary: Object.freeze({ errors, warnings: told.length - errors, resources: ids.size }),
    resources: [...valid.values()],
  })
}

/** `undefined` is the base alone. */
function environmentsToCheck(options: CheckOptions, location: Location): readonly (string | undefined)[] {
  if (options.environment !== undefined) return [options.environment]
  return [undefined, ...location.environments.keys()]
}

function brokenIds(files: readonly ManifestFile[]) {
  return new Set(files.filter((file) => file.diagnostics.length > 0).flatMap((file) => file.readableIds))
}
