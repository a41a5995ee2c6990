import type { Expression, PrivateIdentifier } from 'acorn'
import type { Reading } from './reading.ts'
import type { Scope } from './value.ts'

/** The name that a field is reached by; undefined: it would have to be run. */
export function keyOf(
  key: Expression | PrivateIdentifier,
  isComputed: boolean,
  scope: Scope,
  reading: Reading,
): string | undefined {
  if (!isComputed && key.type === 'Identifier') return key.name
  if (key.type === 'PrivateIdentifier') return undefined
  const value = reading.evaluate(key, scope, reading)
  return value.type === 'scalar' ? String(value.value) : undefined
}
