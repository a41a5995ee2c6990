import type { Change } from './action.ts'
import { looksLikeToken, maskTokens } from './token-shape.ts'

const secretName =
  /secret|token|passw|pwd|passphrase|credential|private|api_?key|access_?key|(^|_)key$|auth|cookie|session|salt|signature|(^|_)dsn$|conn(ection)?_?str/i
const secretInUrl = /:\/\/[^/\s:@]*:[^/\s@]+@/

/**
 * Whether a variable's value must not be shown although the manifest gives it in clear, or nobody declared it: its
 * name is one of a secret, or it is an address with a password, or it looks like a token. Shown too little is a
 * nuisance, too much a leak.
 */
export function looksSecret(name: string, value: string | undefined): boolean {
  return secretName.test(name) || (value !== undefined && (secretInUrl.test(value) || looksLikeToken(value)))
}

/** Fields whose keys are names that people chose, so that a key may say that its value is a secret. */
const namedByPeople: ReadonlySet<string> = new Set(['env', 'inputs'])

/** A change as it may be shown: without its values where one of them looks like a secret. */
export function shownChange(change: Change): Change {
  const { path, before, after, sensitive, note } = change
  const [parent, name] = path.split('.').slice(-2)
  const key = parent !== undefined && name !== undefined && namedByPeople.has(parent) ? name : ''
  if (!sensitive && !holdsSecret(key, before) && !holdsSecret(key, after)) return change
  return { path, sensitive: true, ...(note !== undefined && { note }) }
}

function holdsSecret(name: string, value: unknown): boolean {
  if (typeof value === 'string') return looksSecret(name, value)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((item) => holdsSecret(name, item))
}

/** What a manifest says as it may be shown: what looks like a secret as stars. */
export function shownSpec(value: unknown, parent = ''): unknown {
  if (typeof value === 'string') return maskTokens(value)
  if (Array.isArray(value)) return value.map((item) => shownSpec(item, parent))
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const isSecret = typeof item === 'string' && namedByPeople.has(parent) && looksSecret(key, item)
      return [key, isSecret ? '***' : shownSpec(item, key)]
    }),
  )
}
