import type { ResourceId } from './resource.ts'

/** Whether we made a thing or found it: decides what the removal of its manifest does. */
export type Provenance = 'created' | 'adopted'

/** What a thing itself says of its owner. It survives the loss of our store. */
export interface Mark {
  readonly fleet: string
  /** Empty: the base, no environment. */
  readonly environment: string
  readonly store: string
  readonly id: ResourceId
  readonly origin: Provenance
  /** Hash of the spec that was applied last, without the values of secrets. */
  readonly hash: string
}

/** Something that bears our fleet's mark, and that neither the manifests nor the inventory know. */
export interface Stray {
  /** The resource that its mark names. */
  readonly id: ResourceId
  readonly externalName: string
}

/**
 * What the inventory knows of a thing: the authority on ownership. A mark without an inventory row never
 * justifies a deletion.
 */
export interface Owned {
  readonly id: ResourceId
  /** The name in the outside world (a PM2 name, `owner/repo/path`, a site). */
  readonly externalName: string
  readonly origin: Provenance
  /** Kept here so that it survives the removal of its own manifest. */
  readonly deletionPolicy: 'Delete' | 'Orphan' | undefined
  /**
   * What we set last, by dotted field path; the value of a secret is its digest. A field that is here and no
   * longer declared is returned to the vendor's default.
   */
  readonly fields: Readonly<Record<string, OwnedField>>
  /** What the domain asked to remember, such as the hash of a completed one-shot. */
  readonly memory: Readonly<Record<string, unknown>>
  readonly since: number
}

export interface OwnedField {
  readonly value: unknown
  readonly sensitive: boolean
}
