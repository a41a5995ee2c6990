import type { SecretMask } from './secret-mask.ts'

/** What programs go by: names and words of ours, which a person must be able to use. */
const named: ReadonlySet<string> = new Set(['id', 'name', 'kind', 'type', 'verb', 'code', 'file', 'path'])
/** What was found or declared: all of it is somebody else's. */
const foreign: ReadonlySet<string> = new Set(['before', 'after', 'excerpt', 'spec'])

/**
 * A value as it may be shown, each of its texts masked by itself and while it is whole: afterwards texts are wrapped and cut, and
 * a secret that was cut in two is not found any more. The very same where nothing is to be hidden.
 */
export function shown<T>(value: T, mask: SecretMask): T {
  return mask.isEmpty ? value : (conceal(value, { mask, key: '', isForeign: false }) as T)
}

interface Place {
  readonly mask: SecretMask
  readonly key: string
  readonly isForeign: boolean
}

function conceal(value: unknown, { mask, key, isForeign }: Place): unknown {
  if (typeof value === 'string') {
    if (isForeign) return mask.maskForeign(value)
    if (key === 'id') mask.leave(value)
    return named.has(key) ? value : mask.mask(value)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => conceal(item, { mask, key, isForeign }))
    return items.every((item, index) => item === value[index]) ? value : items
  }
  const within = (name: string) => ({ mask, key: name, isForeign: isForeign || foreign.has(name) })
  if (value instanceof Map)
    return new Map([...value].map(([name, item]) => [name, conceal(item, within(''))]))
  // What is more than its fields is nobody's text.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const fields = Object.getOwnPropertyDescriptors(value)
  let isSame = true
  for (const [name, field] of Object.entries<PropertyDescriptor>(fields)) {
    // What is made when it is asked for (the hashes of a plan) is not asked for here.
    if (field.get) continue
    const concealed = conceal(field.value, within(name))
    isSame &&= concealed === field.value
    field.value = concealed
  }
  return isSame ? value : Object.create(Object.prototype, fields)
}
