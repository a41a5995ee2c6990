import type { OwnedField } from './ownership.ts'
import type { Resource } from './resource.ts'
import { looksSecret } from './secrecy.ts'

/** A shorter text may be any word of any field; it is only meant where the field's name says so. */
const shortestAnywhere = 8

type Fields = Readonly<Record<string, OwnedField>>

/**
 * Fields as the inventory keeps them: in the place of a literal that is a secret stands its keyed digest, by which a
 * change is seen as well.
 */
export function veilFields(fields: Fields, veils: Resource['veils']): Fields {
  if (!veils) return fields
  return Object.fromEntries(
    Object.entries(fields).map(([path, field]) => {
      const value = veil(path.slice(path.lastIndexOf('.') + 1), field.value, veils)
      return [path, value === field.value ? field : { value, sensitive: true }]
    }),
  )
}

/** The same value where there is nothing to veil. */
function veil(name: string, value: unknown, veils: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return veilText(name, value, veils)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(
    ([key, item]) => [key, veil(Array.isArray(value) ? name : key, item, veils)] as const,
  )
  const isSame = entries.every(([key, item]) => item === (value as Readonly<Record<string, unknown>>)[key])
  if (isSame) return value
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}

function veilText(name: string, text: string, veils: ReadonlyMap<string, string>): string {
  const whole = veils.get(text)
  if (whole !== undefined && (text.length >= shortestAnywhere || looksSecret(name, undefined))) return whole
  let rest = text
  for (const [literal, digest] of veils)
    if (literal.length >= shortestAnywhere) rest = rest.replaceAll(literal, digest)
  return rest
}
