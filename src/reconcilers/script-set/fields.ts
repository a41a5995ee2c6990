import type { OwnedField } from '../../core/ownership.ts'
import { type DesiredScriptSet, packagePathOf } from './place.ts'

/** The declared fields by dotted path: what the inventory keeps, and what a new spec is told by. */
export function declaredFields(desired: DesiredScriptSet): Readonly<Record<string, OwnedField>> {
  const { spec } = desired
  const fields: Record<string, unknown> = { package: packagePathOf(desired) }
  if (spec.required) fields.required = spec.required
  if (spec.resolve) fields.resolve = spec.resolve
  for (const section of ['scripts', 'fallbacks', 'retries', 'checks'] as const) {
    for (const [name, value] of Object.entries(spec[section] ?? {})) fields[`${section}.${name}`] = value
  }
  return Object.fromEntries(
    Object.entries(fields).map(([path, value]) => [path, { value, sensitive: false }]),
  )
}

/** Whether `ignore` says that a declared script is not to be restored. */
export function isIgnored(desired: DesiredScriptSet, script: string): boolean {
  const own = `/scripts/${script.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return desired.controls.ignore.some((pointer) => pointer === '/scripts' || pointer === own)
}
