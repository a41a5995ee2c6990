import type { Json } from './store.ts'

/** Named values, as JSON, YAML and TOML have them. */
export type Fields = Readonly<Record<string, unknown>>

/** Whether a value has fields: it is no list, and not `null`. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields of what was stored; none where it is something else. */
export function fieldsOf(value: Json | undefined): Readonly<Record<string, Json | undefined>> {
  return isFields(value) ? (value as Readonly<Record<string, Json>>) : {}
}
