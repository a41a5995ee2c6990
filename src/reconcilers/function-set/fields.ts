import type { OwnedField } from '../../core/ownership.ts'
import { Secret } from '../../core/secret.ts'
import { type DesiredFunctionSet, siteOf } from './place.ts'

/** The declared fields by dotted path; secrets by digest, lists that are sets in order. */
export function declaredFields(desired: DesiredFunctionSet): Readonly<Record<string, OwnedField>> {
  const { site, env, schedules, include, exclude, verify, ...plain } = desired.spec
  const open: Record<string, unknown> = {
    site: siteOf(desired),
    ...plain,
    ...(include && { include: [...include].sort() }),
    ...(exclude && { exclude: [...exclude].sort() }),
    ...(verify && { verify: JSON.stringify(verify) }),
  }
  for (const [name, cron] of Object.entries(schedules ?? {})) open[`schedules.${name}`] = cron
  const fields: Record<string, OwnedField> = Object.fromEntries(
    Object.entries(open).map(([path, value]) => [path, { value, sensitive: false }]),
  )
  for (const [key, value] of Object.entries(env ?? {})) {
    fields[`env.${key}`] =
      value instanceof Secret ? { value: value.digest ?? null, sensitive: true } : { value, sensitive: false }
  }
  return fields
}
