import { createHash } from 'node:crypto'
import type { EnvVariable } from '../../clients/netlify/client.ts'
import type { OwnedField } from '../../core/ownership.ts'
import { Secret } from '../../core/secret.ts'
import type { SiteMemory } from './memory.ts'
import type { ObservedFunctionSet, ObservedVariable } from './observed.ts'
import type { DesiredFunctionSet } from './place.ts'

/** Contexts whose value the published site sees, the one that counts first. */
const publishedContexts = ['production', 'all']

type Value = string | Secret

/**
 * Compares the declared variables with the site's. A secret's value cannot be read: then what we set last counts. Of what
 * is no longer declared only values that we set are told of: one that was there already is somebody else's.
 */
export function compareEnv(
  desired: DesiredFunctionSet,
  found: {
    readonly variables: readonly EnvVariable[]
    readonly memory: SiteMemory
    /** Fields that we set earlier, by dotted path. */
    readonly owned: Readonly<Record<string, OwnedField>>
  },
): readonly ObservedVariable[] {
  const { variables, memory, owned } = found
  const declared: Readonly<Record<string, Value>> = desired.spec.env ?? {}
  const byKey = new Map(variables.map((variable) => [variable.key, variable]))
  const compared = Object.entries(declared).map(([key, value]): ObservedVariable => {
    const isSecret = value instanceof Secret
    const there = byKey.get(key)
    const shown = (text: string | undefined) => (isSecret || there?.isSecret ? undefined : text)
    const before = there && publishedValue(there)
    const state = !there
      ? 'missing'
      : isSecret && !value.isRead
        ? 'unread'
        : isEqual(value, { there, before, last: memory.env[key] })
          ? 'same'
          : 'differs'
    return { key, state, isSecret, before: shown(before), after: isSecret ? undefined : value }
  })
  const gone = Object.keys(owned)
    .filter((path) => path.startsWith('env.'))
    .map((path) => path.slice('env.'.length))
    .filter((key) => !(key in declared))
    .flatMap((key): readonly ObservedVariable[] => {
      const there = byKey.get(key)
      const ours = there?.values.filter(({ context }) => memory.envContexts[key]?.includes(context)) ?? []
      if (!there || ours.length === 0) return []
      const isSecret = there.isSecret || owned[`env.${key}`]?.sensitive !== false
      const before = isSecret ? undefined : ours[0]?.value
      return [{ key, state: 'undeclared', isSecret, before, after: undefined }]
    })
  return [...compared, ...gone]
}

/** Variables that are to be set or removed, as far as they could be read. */
export function differingVariables(
  { env }: Pick<ObservedFunctionSet, 'env'>,
  { controls }: Pick<DesiredFunctionSet, 'controls'>,
): readonly ObservedVariable[] {
  if (controls.ignore.includes('/env')) return []
  return env.filter(({ state }) => state !== 'same' && state !== 'unread')
}

function isEqual(
  value: Value,
  found: {
    readonly there: EnvVariable
    readonly before: string | undefined
    readonly last: string | undefined
  },
): boolean {
  // What is readable at Netlify is no secret, whatever its value.
  if (value instanceof Secret && !found.there.isSecret) return false
  if (found.there.isSecret) return found.last === digestOf(value)
  return found.before === textOf(value)
}

function publishedValue({ values }: EnvVariable): string | undefined {
  for (const context of publishedContexts) {
    const found = values.find((value) => value.context === context)
    if (found) return found.value
  }
  return undefined
}

/** The value itself, called only where it leaves the program. */
export function textOf(value: Value): string {
  return value instanceof Secret ? value.reveal() : value
}

/** What is kept of a value that was set: of a secret its keyed digest, of a text a plain one. */
export function digestOf(value: Value): string {
  if (value instanceof Secret) return value.digest ?? ''
  return createHash('sha256').update(value).digest('hex').slice(0, 32)
}

/** Stands for all variables that are set together, by the digests of their values. */
export function generationOf(digests: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16)
}
