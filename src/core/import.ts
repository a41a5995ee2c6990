import type { Clock } from './clock.ts'
import type { ResourceId } from './resource.ts'

/** Where something was found. `line` counts from 1; undefined: it has none, as what an API answered. */
export interface ImportPlace {
  /** An absolute path, or the name of what was asked, such as `pm2` or `acme/site`. */
  readonly file: string
  readonly line: number | undefined
}

/** One manifest that an import makes. */
export interface ImportedResource {
  readonly id: ResourceId
  /**
   * The whole document, in the order in which its fields are written. Paths are absolute here: whoever writes the file
   * makes those relative to it that the schema marks `x-path`. Literals that look like secrets are replaced there, too.
   */
  readonly manifest: Readonly<Record<string, unknown>>
  /** Undefined: the base; else the environment whose overlay it is. */
  readonly environment: string | undefined
  readonly from: ImportPlace
  /**
   * Whether it may be started from the manifest alone: where a field has to be left out, something else would run, so
   * it begins suspended. Default: it is there already, and keeps what is not declared.
   */
  readonly mayStart?: boolean
}

/** The reason of a suspension, for what would run otherwise than is meant until a person adds what is missing. */
export function incomplete(fields: readonly string[]): string {
  return `imported without ${fields.join(', ')}; complete it, then remove this`
}

/** Several definitions of one name: the first is written, and the person decides. */
export interface ImportConflict {
  readonly name: string
  readonly places: readonly ImportPlace[]
  /** Dotted paths in `spec` that differ; empty where all are equal. */
  readonly differs: readonly string[]
}

/** What could not be carried over, or not be read. */
export interface ImportNotice extends ImportPlace {
  readonly code: string
  readonly message: string
}

/** What an import found; nothing is written yet. */
export interface Imported {
  readonly resources: readonly ImportedResource[]
  readonly conflicts: readonly ImportConflict[]
  readonly warnings: readonly ImportNotice[]
  /** Inputs that failed; the rest is still imported. */
  readonly errors: readonly ImportNotice[]
}

/** What an importer gets of the world. */
export interface ImportContext {
  /** What was named on the command line, such as files or `acme/site`; paths are absolute where they are files. */
  readonly inputs: readonly string[]
  readonly cwd: string
  /** Files and folders, absolute, in which manifests may stand already; they need not exist. */
  readonly manifests: readonly string[]
  /** The caller's environment. Its values are never written into a manifest. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Hosts, besides the vendors', that credentials may go to. */
  readonly allowedHosts: readonly string[]
  /** Whether what is read may be run (`--evaluate`). */
  readonly mayEvaluate: boolean
  readonly signal: AbortSignal
}

/** Makes manifests of what is there; reads, and changes nothing. */
export type Importer = (context: ImportContext) => Promise<Imported>
