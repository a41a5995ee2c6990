import type { Change } from '../../core/action.ts'
import type { ObservedFunctionSet } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'
import { changedSettings, unsentMessage } from './settings.ts'
import { leftoversOf, publishedFunctions } from './site-functions.ts'
import type { SourceFunction } from './source.ts'

/** What differs between the directory and the site. */
export interface Drift {
  readonly changes: readonly Change[]
  readonly added: readonly string[]
  readonly changed: readonly string[]
  /** Those of them that must be bundled before it is known whether they differ at all. */
  readonly unbundled: readonly string[]
  readonly dropped: readonly string[]
  /** Functions whose schedule alone differs. */
  readonly rescheduled: readonly string[]
  /** Functions whose settings alone differ, as far as a deploy tells Netlify of them. */
  readonly adjusted: readonly string[]
  /** Settings that would reach Netlify with new code only, in a sentence a function. */
  readonly unsent: readonly string[]
}

/** The schedule that a function must have; undefined: none, or not known before it is bundled. */
export function scheduleOf(
  desired: DesiredFunctionSet,
  { name, bundle }: SourceFunction,
): string | undefined {
  return desired.spec.schedules?.[name] ?? bundle?.schedule
}

/** Compares by digest, schedule and settings. Pure; a function that must be bundled first counts as changed. */
export function driftOf(observed: ObservedFunctionSet, desired: DesiredFunctionSet): Drift {
  const site = publishedFunctions(observed)
  const changes: Change[] = []
  const added: string[] = []
  const changed: string[] = []
  const unbundled: string[] = []
  const rescheduled: string[] = []
  const adjusted: string[] = []
  const unsent: string[] = []
  const say = (path: string, before: string | null, after: string | null, note?: string) =>
    changes.push({ path, before, after, sensitive: false, ...(note !== undefined && { note }) })
  for (const file of observed.source.functions) {
    const there = site.get(file.name)
    const digest = file.bundle?.digest
    if (!there) {
      added.push(file.name)
      say(`functions.${file.name}`, null, shortDigest(digest) ?? toBeBundled(file))
      continue
    }
    if (digest === undefined || there.digest !== digest) {
      changed.push(file.name)
      if (digest === undefined) unbundled.push(file.name)
      say(
        `functions.${file.name}`,
        shortDigest(there.digest) ?? 'unknown',
        shortDigest(digest) ?? toBeBundled(file),
      )
    }
    const settings = there.digest === digest ? changedSettings(file, there.settings) : []
    for (const { key, before, after } of settings) {
      say(`functions.${file.name}.${key}`, textOf(before), textOf(after))
    }
    if (settings.some(({ isWithUpload }) => !isWithUpload)) adjusted.push(file.name)
    const held = settings.filter(({ isWithUpload }) => isWithUpload)
    if (held.length > 0) unsent.push(unsentMessage(file.name, held))
    const wanted = scheduleOf(desired, file)
    const isKnown = file.bundle !== undefined || desired.spec.schedules?.[file.name] !== undefined
    if (isKnown && wanted !== there.schedule) {
      rescheduled.push(file.name)
      say(`schedules.${file.name}`, there.schedule ?? null, wanted ?? null)
    }
  }
  const { dropped } = leftoversOf(observed, desired)
  for (const name of dropped) say(`functions.${name}`, shortDigest(site.get(name)?.digest) ?? 'unknown', null)
  return { changes, added, changed, unbundled, dropped, rescheduled, adjusted, unsent }
}

/** Whether all that differs is what no deploy would bring about. */
export function isUnsentAlone({ changes, added, changed, dropped, rescheduled, adjusted }: Drift): boolean {
  return (
    changes.length > 0 && [added, changed, dropped, rescheduled, adjusted].every(({ length }) => length === 0)
  )
}

/** Which source it is of: a plan that is saved is for that one. */
function toBeBundled({ sourceHash }: SourceFunction): string {
  return `to be bundled of source ${shortDigest(sourceHash)}`
}

function textOf(setting: unknown): string | null {
  if (setting === undefined) return null
  return typeof setting === 'string' ? setting : JSON.stringify(setting)
}

/** As many digits as people compare. */
export function shortDigest(digest: string | undefined): string | undefined {
  return digest?.slice(0, 12)
}
