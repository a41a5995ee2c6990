/** One function to bundle. */
export interface BundleRequest {
  readonly name: string
  /** The file or folder that is the function, absolute. */
  readonly path: string
}

/** A function as it was bundled. All but `zip` is what a deploy tells Netlify of it. */
export interface Bundle {
  readonly name: string
  /** SHA-256 of the zip: what Netlify knows a function by. */
  readonly digest: string
  /** Bytes of the zip. */
  readonly size: number
  /** Files that went in, whether they were bundled or packed as they are; relative to the project's root, in order. */
  readonly inputs: readonly string[]
  /** Globs of files that are packed as they are: another file may come to be meant. */
  readonly included: Included
  /** Netlify's name of what runs it, such as `nodejs24.x` or `js`. */
  readonly runtime: string
  /** `background`, `stream`, or undefined. */
  readonly invocationMode: string | undefined
  /** Seconds. */
  readonly timeout: number | undefined
  /** What its source or netlify.toml says; undefined: nothing. */
  readonly schedule: string | undefined
  /** Of Netlify's `functions_config`; undefined: there is nothing to say. */
  readonly config: Readonly<Record<string, unknown>> | undefined
}

/** `included_files` of netlify.toml, or of the source, which count from other folders. */
export interface Included {
  readonly globs: readonly string[]
  /** Where they count from, relative to the project's root. */
  readonly base: string
}

/** A function that could not be bundled. */
export interface BundleFailure {
  readonly name: string
  /** The file that is at fault, as far as the bundler says; relative to the project's root. */
  readonly file: string
  /** Where in it, from 1; undefined: the bundler does not say. */
  readonly line: number | undefined
  readonly column: number | undefined
  readonly message: string
  /** Whether the machine failed, such as its disk, and not the source: it says nothing of a second try. */
  readonly isOfMachine: boolean
}

export interface Bundled {
  readonly bundles: readonly Bundle[]
  readonly failures: readonly BundleFailure[]
}

/** What the child process is told. */
export interface BundleJob {
  readonly root: string
  /** Where zips go, absolute: `<digest>.zip`. */
  readonly folder: string
  readonly functions: readonly BundleRequest[]
  /** By name or glob, in the words of the bundler. */
  readonly config: Readonly<Record<string, unknown>>
}
