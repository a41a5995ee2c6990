import type { Site } from '../../clients/netlify/client.ts'
import type { Deploy } from '../../clients/netlify/deploy-record.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { DeployRecord, SiteMemory } from './memory.ts'
import type { FunctionSource } from './source.ts'

/** A site as it was seen, together with the directory as it was read. */
export interface ObservedFunctionSet {
  readonly site: Site
  /** Why the site was not read, where only what lies here is known. */
  readonly unread?: { readonly code: string; readonly message: string }
  /** Undefined: nothing was ever published. */
  readonly published: Deploy | undefined
  /** What we know of that deploy, where it is ours. */
  readonly record: DeployRecord | undefined
  readonly memory: SiteMemory
  /** Functions that are ours: those go when their files go. */
  readonly managed: readonly string[]
  /** Who else of this fleet acts on the site, under another name of it. */
  readonly rival?: ResourceId
  readonly source: FunctionSource
  /** The site's own build that is under way, where one is needed; undefined: none is. */
  readonly building?: string
  /** What could not be carried into a new deploy; undefined: not asked, because none is needed. */
  readonly obstacles: readonly string[] | undefined
  readonly env: readonly ObservedVariable[]
  readonly verified: readonly Verified[]
  /** Undefined: no file is kept. */
  readonly inventory: ObservedInventory | undefined
}

export interface ObservedVariable {
  readonly key: string
  /** `unread`: its reference was not read, so nothing can be said. */
  readonly state: 'same' | 'differs' | 'missing' | 'unread' | 'undeclared'
  readonly isSecret: boolean
  /** Whether a value may be shown. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/** What became of one request to the published site. */
export interface Verified {
  readonly function: string
  readonly path: string
  readonly expected: number
  /** Undefined: no answer. */
  readonly status: number | undefined
  readonly isPassed: boolean
  /** Readings in a row in which it failed on this deploy. */
  readonly failures: number
  /** Milliseconds that the answer took. */
  readonly took: number
}

export interface ObservedInventory {
  readonly path: string
  readonly wanted: string
  /** Undefined: there is no such file. */
  readonly found: string | undefined
}
