import { isDeepStrictEqual } from 'node:util'
import type { Change } from '../core/action.ts'
import { isFields } from '../core/fields.ts'
import type { Resource, ResourceId } from '../core/resource.ts'
import { shownChange } from '../core/secrecy.ts'
import { Secret } from '../core/secret.ts'
import type { Manifests } from './read.ts'

/** What two environments of one fleet declare differently. Values of secrets are compared and never shown. */
export interface EnvironmentDifference {
  /** Ids that the first alone declares. */
  readonly onlyInA: readonly ResourceId[]
  /** Ids that the second alone declares. */
  readonly onlyInB: readonly ResourceId[]
  /** What both declare, where anything of it differs; `before` is the first's. Durations in milliseconds. */
  readonly differing: readonly { readonly id: ResourceId; readonly changes: readonly Change[] }[]
  /** Settings of the fleet itself that differ. */
  readonly fleet: readonly Change[]
  /** How many resources are the same in both. */
  readonly same: number
}

/** Policies, receivers and alerts are compared as resources are, and come first. */
type Compared = Pick<Manifests, 'fleet' | 'resources' | 'settings'>

/** Compares two readings of one folder whose secrets were digested with the same key. */
export function compareEnvironments(a: Compared, b: Compared): EnvironmentDifference {
  const inA = new Map([...a.settings, ...a.resources].map((resource) => [resource.id, resource]))
  const inB = new Map([...b.settings, ...b.resources].map((resource) => [resource.id, resource]))
  const shared = [...inA.values()].flatMap((resource) => {
    const other = inB.get(resource.id)
    return other ? [{ id: resource.id, changes: differences([], partsOf(resource), partsOf(other)) }] : []
  })
  const differing = shared.filter(({ changes }) => changes.length > 0)
  return {
    onlyInA: [...inA.keys()].filter((id) => !inB.has(id)),
    onlyInB: [...inB.keys()].filter((id) => !inA.has(id)),
    differing,
    fleet: differences([], { ...a.fleet, environment: undefined }, { ...b.fleet, environment: undefined }),
    same: shared.length - differing.length,
  }
}

function partsOf({ labels, annotations, controls, spec }: Resource): unknown {
  return { metadata: { labels, annotations }, controls, spec }
}

function differences(path: readonly string[], a: unknown, b: unknown): readonly Change[] {
  if (a instanceof Secret || b instanceof Secret) return secretDifference(path.join('.'), a, b)
  if (isObject(a) && isObject(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
    return keys.flatMap((key) => differences([...path, key], memberOf(a, key), memberOf(b, key)))
  }
  // Where one side has no such field, the other's fields are told one by one: a secret may be among them.
  if (a === undefined && isObject(b) && Object.keys(b).length > 0) return differences(path, {}, b)
  if (b === undefined && isObject(a) && Object.keys(a).length > 0) return differences(path, a, {})
  if (Array.isArray(a) || Array.isArray(b)) {
    if (holdsSecret(a) || holdsSecret(b)) return listDifference(path, a, b)
  }
  if (isObject(a) !== isObject(b) && (holdsSecret(a) || holdsSecret(b))) {
    return [{ path: path.join('.'), sensitive: true, note: 'differs' }]
  }
  return isDeepStrictEqual(a, b) ? [] : [changeOf(path.join('.'), a, b)]
}

function changeOf(path: string, a: unknown, b: unknown): Change {
  return shownChange({
    path,
    ...(a === undefined ? {} : { before: a }),
    ...(b === undefined ? {} : { after: b }),
    sensitive: false,
  })
}

function listDifference(path: readonly string[], a: unknown, b: unknown): readonly Change[] {
  const listed = (value: unknown) => (Array.isArray(value) ? { ...value } : {})
  return differences(path, listed(a), listed(b))
}

function secretDifference(path: string, a: unknown, b: unknown): readonly Change[] {
  const tell = (note: string) => [{ path, sensitive: true, note }]
  if (a === undefined) return tell('only in the second')
  if (b === undefined) return tell('only in the first')
  if (!(a instanceof Secret && b instanceof Secret))
    return tell('a reference in one, a plain value in the other')
  if (a.digest !== undefined && b.digest !== undefined) {
    if (a.digest !== b.digest) return tell('differs')
    return a.source === b.source ? [] : tell('same value, by another reference')
  }
  // What was not read is the same where one reference names both.
  return a.source === b.source ? [] : tell(`not compared: from ${a.source} and from ${b.source}`)
}

function holdsSecret(value: unknown): boolean {
  if (value instanceof Secret) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsSecret)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isFields(value) && !(value instanceof Secret)
}

function memberOf(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}
