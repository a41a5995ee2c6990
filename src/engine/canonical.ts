import { hash } from 'node:crypto'
import { isFields } from '../core/fields.ts'

/** JSON with sorted keys and without undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  // A secret prints itself as asterisks; so it does here.
  if ('toJSON' in value && typeof value.toJSON === 'function') return canonicalJson(value.toJSON())
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
}

/** Whether two values have the same canonical JSON, without making it. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isPlain(a) || !isPlain(b)) return canonicalJson(a) === canonicalJson(b)
  const keysOfA = Object.keys(a).filter((key) => a[key] !== undefined)
  const keysOfB = Object.keys(b).filter((key) => b[key] !== undefined)
  return (
    keysOfA.length === keysOfB.length &&
    // Undefined is as good as missing; as a value it would pass for null.
    keysOfA.every((key) => Object.hasOwn(b, key) && b[key] !== undefined && isSameJson(a[key], b[key]))
  )
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return isFields(value) && !('toJSON' in value)
}

/** 128 bits of SHA-256 of the canonical JSON, as 32 hexadecimal digits. */
export function fingerprint(value: unknown): string {
  return hash('sha256', canonicalJson(value)).slice(0, 32)
}
