import type { Position } from './diagnostic.ts'
import type { Duration } from './duration.ts'

declare const resourceIdBrand: unique symbol

/** `Kind/name`, the identity of a resource within its fleet and environment. */
export type ResourceId = string & { readonly [resourceIdBrand]: 'ResourceId' }

/** Joins a kind and a name into an id. Both were validated where they were read. */
export function resourceId(kind: string, name: string): ResourceId {
  return `${kind}/${name}` as ResourceId
}

/** The kind of an id: what stands before the slash. */
export function kindOf(id: ResourceId): string {
  return id.slice(0, id.indexOf('/'))
}

/** The name of an id: what stands after the slash. */
export function nameOf(id: ResourceId): string {
  return id.slice(id.indexOf('/') + 1)
}

/** Orders ids by kind, then name, in code units: the same on every machine. */
export function compareIds(a: ResourceId, b: ResourceId): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** One manifest document after validation, overlay and resolution of its references. */
export interface Resource<Spec = unknown> {
  readonly id: ResourceId
  readonly kind: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The kind's own fields, as declared: no default is filled in, because only declared fields are managed. */
  readonly spec: Spec
  /** The fields that every kind has, with their defaults. */
  readonly controls: Controls
  /** Where the document starts; `file` is absolute. Relative paths in `spec` are relative to its folder. */
  readonly origin: Position
  /** References (`fromEnv`, ...) that could not be read; such a resource is Unknown and gets no action. */
  readonly unresolved: readonly UnresolvedReference[]
  /** Keyed digests of literals of `spec` that are secrets, by their text: what is remembered in their place. Default: none. */
  readonly veils?: ReadonlyMap<string, string>
}

/** A reference whose value could not be had, and why. Never contains the value. */
export interface UnresolvedReference {
  /** JSON Pointer into the document, such as `/spec/env/API_KEY`. */
  readonly path: string
  readonly message: string
}

/** The fields that every kind has (`spec`), with defaults applied; durations in milliseconds. */
export interface Controls {
  readonly dependsOn: readonly ResourceId[]
  readonly critical: boolean
  readonly managementPolicy: 'Manage' | 'Observe'
  /** Undefined: the kind's default (Process: Delete if we created it, Orphan if adopted; others Orphan). */
  readonly deletionPolicy: 'Delete' | 'Orphan' | undefined
  readonly adopt: boolean
  readonly suspend: Suspension | undefined
  /** How often it is read without an event; undefined: the fleet's or the kind's default. */
  readonly interval: Duration | undefined
  readonly recovery: RecoveryPolicy
  readonly fallback: readonly ResourceId[]
  /** Attempts after which the fallback is activated; 1 to `recovery.maxAttempts`. */
  readonly fallbackAfter: number
  /** JSON Pointers starting in `spec` whose differences are not corrected. */
  readonly ignore: readonly string[]
  readonly windows: readonly Window[]
}

export interface Suspension {
  readonly reason: string
  readonly by: string | undefined
  /** Epoch milliseconds; undefined: until resumed. */
  readonly until: number | undefined
}

export interface RecoveryPolicy {
  /** Corrective attempts before the resource is Degraded for a person. Default 5. */
  readonly maxAttempts: number
  /** Default 5 s, growing by the factor 2 up to 5 min. */
  readonly backoff: { readonly initial: Duration; readonly max: Duration; readonly factor: number }
  /** How long it must be healthy before the attempts are forgotten. Default 60 s. */
  readonly stableFor: Duration
}

/** When actions may be taken. A deny window always wins. */
export interface Window {
  readonly cron: string
  readonly duration: Duration
  /** IANA name; default UTC. */
  readonly timezone: string
  readonly allow: boolean
}
