import type { DeployDigest } from '../../clients/netlify/client.ts'
import { scheduleOf } from './drift.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { ObservedFunctionSet } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'
import { leftoversOf } from './site-functions.ts'
import type { SourceFunction } from './source.ts'

/**
 * The functions of the deploy that is wanted: those of the directory, and those that stay. Undefined where one must be
 * bundled first, or cannot be carried.
 */
export function wantedFunctions(
  observed: ObservedFunctionSet,
  desired: DesiredFunctionSet | undefined,
): Omit<DeployDigest, 'files'> | undefined {
  const functions: Record<string, string> = {}
  const schedules: Record<string, string> = {}
  const config: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const file of desired ? observed.source.functions : []) {
    if (!desired || !addFunction({ functions, schedules, config }, file, desired)) return undefined
  }
  for (const { name, digest, schedule, region } of leftoversOf(observed, desired).kept) {
    if (digest === undefined) return undefined
    functions[name] = digest
    if (schedule !== undefined) schedules[name] = schedule
    if (region !== undefined) config[name] = { region }
  }
  return { functions, schedules, config }
}

/** What stands for the functions of the directory; undefined: not known before they are bundled. */
export function fingerprintOfSource(
  observed: ObservedFunctionSet,
  desired: DesiredFunctionSet,
): string | undefined {
  const functions: Record<string, string> = {}
  const schedules: Record<string, string> = {}
  const config: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const file of observed.source.functions) {
    if (!addFunction({ functions, schedules, config }, file, desired)) return undefined
  }
  return fingerprintOf({ functions, schedules, config })
}

interface Digests {
  readonly functions: Record<string, string>
  readonly schedules: Record<string, string>
  readonly config: Record<string, Readonly<Record<string, unknown>>>
}

/** Adds a function of the directory; false: it must be bundled first. */
function addFunction(
  { functions, schedules, config }: Digests,
  file: SourceFunction,
  desired: DesiredFunctionSet,
): boolean {
  const { name, bundle } = file
  if (!bundle) return false
  functions[name] = bundle.digest
  if (bundle.config) config[name] = bundle.config
  const schedule = scheduleOf(desired, file)
  if (schedule !== undefined) schedules[name] = schedule
  return true
}
