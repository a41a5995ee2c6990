import type { ImportedResource } from '../../core/import.ts'
import { nameOf, type ResourceId } from '../../core/resource.ts'
import { isReference } from '../secrets.ts'
import { withoutSecrets } from './secret-literals.ts'

/** The variable that a secret of a resource is read from, by the name that the secret has there. */
export type SecretVariables = (id: ResourceId, name: string) => string

/**
 * Gives each secret a variable: that of its name where all who have one of that name have the same, as in each environment.
 * Whoever has another gets a variable of its own, because with one for both it would be handed the secret of somebody else.
 */
export function secretVariables(resources: readonly ImportedResource[]): SecretVariables {
  const held = new Map<string, Map<ResourceId, [environment: string, value: string][]>>()
  const taken = new Map<string, ResourceId>()
  for (const { id, environment = '', manifest } of resources) {
    for (const name of variablesIn(manifest)) taken.set(name, taken.get(name) ?? id)
    withoutSecrets(manifest, (name, value) => {
      const holders = held.get(name) ?? new Map()
      held.set(name, holders)
      holders.set(id, [...(holders.get(id) ?? []), [environment, value]])
      return name
    })
  }
  const own = new Map<string, string>()
  for (const [name, holders] of held) {
    const reader = taken.get(name)
    let shared: string | undefined
    for (const [id, values] of holders) {
      const said = JSON.stringify(values)
      // Who reads the variable already says what is in it.
      if (reader === undefined || reader === id) shared ??= said
      if (said !== shared) own.set(JSON.stringify([id, name]), `${prefixOf(id)}_${name}`)
    }
  }
  return (id, name) => own.get(JSON.stringify([id, name])) ?? name
}

/** `api-2.eu` -> `API_2_EU`. */
function prefixOf(id: ResourceId): string {
  const name = nameOf(id)
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
  return /^\d/.test(name) ? `_${name}` : name
}

function variablesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  if (isReference(value)) return 'fromEnv' in value ? [value.fromEnv] : []
  return Object.values(value).flatMap(variablesIn)
}
