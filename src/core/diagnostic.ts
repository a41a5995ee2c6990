/** A place in a file; `file` is absolute, line and column count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A fault or a doubt found in a manifest, with its place and what helps. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  /** Stable, kebab-case, documented in docs/diagnostics.md; never reused for another meaning. */
  readonly code: string
  /** Starts with what is wrong, names the thing, says what was expected. Holds no secret. */
  readonly message: string
  readonly position: Position
  /** How many columns the caret underlines; at least 1. */
  readonly length: number
  /** The source line, masked where it may hold a secret; undefined where there is none to show. */
  readonly excerpt: string | undefined
  /** What to do about it. */
  readonly hint: string | undefined
}

export function isError({ severity }: Diagnostic): boolean {
  return severity === 'error'
}

/** Files, and folders that could not be read, that have an error. */
export function brokenPaths(diagnostics: readonly Diagnostic[]): ReadonlySet<string> {
  return new Set(diagnostics.filter(isError).map(({ position }) => position.file))
}
