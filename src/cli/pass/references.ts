import { createHash } from 'node:crypto'
import type { Declaration } from '../../core/declaration.ts'
import { Secret } from '../../core/secret.ts'

/**
 * One digest over all values that the manifests refer to: two programs with the same one see the same secrets.
 * Made of keyed digests, so it says nothing about a value. Not of what commands say, SOPS among them: who only asks runs none.
 */
export function digestReferences(declaration: Declaration): string {
  const hash = createHash('sha256')
  for (const resource of declaration.resources) {
    for (const { source, digest } of secretsIn(resource.spec)) {
      const seen = /^(?:fromCommand|sops) /.test(source) ? '' : (digest ?? '')
      hash.update(`${resource.id} ${source} ${seen}\n`)
    }
  }
  return hash.digest('hex').slice(0, 32)
}

function* secretsIn(value: unknown): Generator<Secret> {
  if (value instanceof Secret) yield value
  else if (Array.isArray(value)) for (const item of value) yield* secretsIn(item)
  else if (value !== null && typeof value === 'object')
    for (const item of Object.values(value)) yield* secretsIn(item)
}
