import type { SecretMask } from './secret-mask.ts'

/** Fields that hold words for people. Others hold what programs go by (ids, digests, folders), and stay as they are. */
const worded: ReadonlySet<string> = new Set(['message', 'summary', 'details', 'result', 'hint', 'by'])

/** The same value without the secrets that its messages hold; the very same where there are none. */
export function maskMessages<T>(value: T, mask: SecretMask): T {
  return mask.isEmpty ? value : (clean(value, false, mask) as T)
}

function clean(value: unknown, isWorded: boolean, mask: SecretMask): unknown {
  if (typeof value === 'string') return isWorded ? mask.mask(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => clean(item, isWorded, mask))
    return items.every((item, index) => item === value[index]) ? value : items
  }
  const entries = Object.entries(value).map(
    ([key, item]) => [key, clean(item, isWorded || worded.has(key), mask), item] as const,
  )
  if (entries.every(([, cleaned, item]) => cleaned === item)) return value
  return Object.fromEntries(entries.map(([key, cleaned]) => [key, cleaned]))
}
