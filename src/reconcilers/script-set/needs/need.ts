/** What a command needs so that it can do its work. Folders are relative to the package's folder. */
export type Need =
  | { readonly type: 'program'; readonly name: string }
  /** Fetched from the registry where it is not there. */
  | { readonly type: 'npx'; readonly name: string; readonly mayFetch: boolean }
  | FileNeed
  | ScriptNeed
  /** `yarn x` and its like: a script, or else a program. */
  | {
      readonly type: 'script-or-program'
      readonly name: string
      readonly place: ScriptPlace
      readonly runner: ScriptRunner
    }

export interface FileNeed {
  readonly type: 'file'
  readonly path: string
  readonly folder: string
  /** `execute`: by its own execute bit; `node` and `typescript` add extensions as these do; `read`: as it is. */
  readonly how: 'execute' | 'node' | 'typescript' | 'read'
  readonly by: string
}

export interface ScriptNeed {
  readonly type: 'script'
  /** A name, or a pattern as npm-run-all and concurrently take it. */
  readonly name: string
  readonly isPattern: boolean
  readonly place: ScriptPlace
  /** `--if-present`: its absence is no fault. */
  readonly isOptional: boolean
  /** By whose rules `pre` and `post` scripts run with it; undefined: none do. */
  readonly hooksOf: ScriptRunner | undefined
  /** How concurrently reads a pattern: one `*` for anything, and `(!x)` for what is left out. Default: as npm-run-all. */
  readonly isWildcard?: boolean
}

/** Who runs scripts by their names. */
export type ScriptRunner = 'npm' | 'yarn' | 'pnpm' | 'bun'

/** Whose script it is. */
export type ScriptPlace =
  | { readonly type: 'folder'; readonly folder: string }
  /** `isLoose`: a name without its scope means it too, as pnpm's `--filter` takes it. */
  | { readonly type: 'workspace'; readonly name: string; readonly isLoose?: boolean }
  | { readonly type: 'workspaces' }
