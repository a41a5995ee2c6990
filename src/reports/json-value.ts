import type { Json } from '../core/store.ts'

/** Whatever a domain put into a change, as JSON holds it; nothing becomes null, a secret its stars. */
export function jsonValue(value: unknown): Json {
  const text: string | undefined = JSON.stringify(value)
  return text === undefined ? null : (JSON.parse(text) as Json)
}
