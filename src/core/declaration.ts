import type { Diagnostic } from './diagnostic.ts'
import type { FleetSettings } from './fleet.ts'
import type { Judge } from './policy.ts'
import type { Resource, ResourceId } from './resource.ts'

/** What the manifests say, all files together: the result of reading them once. */
export interface Declaration {
  readonly fleet: FleetSettings
  /** Valid resources; those of a broken file are its last good ones, where there are any. In id order. */
  readonly resources: readonly Resource[]
  readonly diagnostics: readonly Diagnostic[]
  /** Ids that a broken file declared and that have no last good version: their dependants are held. */
  readonly missing: readonly ResourceId[]
  /** Whether every file was read and valid. Nothing is pruned otherwise. */
  readonly isComplete: boolean
  /** Whether this is all of the fleet's manifests: no `-f FILE` narrowed it. Nothing is pruned otherwise. */
  readonly isWhole: boolean
  /** The manifests folder, absolute. */
  readonly folder: string
  /** What its policies say of actions; undefined: there is none. */
  readonly judge?: Judge | undefined
}
