import type { Stray } from '../core/ownership.ts'
import { sanitise } from './sanitise.ts'

/** What bears the fleet's mark and nobody declares, as sentences; none: nothing does. */
export function strayLines(strays: readonly Stray[] | undefined): readonly string[] {
  if (!strays || strays.length === 0) return []
  const names = strays.map(({ id, externalName }) => `${sanitise(externalName)} (${sanitise(id)})`)
  return [
    `Left alone, because nothing declares it and it is not in this state's inventory, though it bears this fleet's mark: ${names.join(', ')}.`,
    'Declare it to take it back, or delete it by hand.',
  ]
}

export interface StrayDocument {
  readonly id: string
  readonly externalName: string
}

/** For a JSON document: the field is left out where there is none. */
export function strayDocuments(strays: readonly Stray[] | undefined): {
  readonly strays?: readonly StrayDocument[]
} {
  return strays && strays.length > 0
    ? { strays: strays.map(({ id, externalName }) => ({ id: sanitise(id), externalName })) }
    : {}
}
