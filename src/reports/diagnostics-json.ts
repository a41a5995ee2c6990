import { type Diagnostic, isError } from '../core/diagnostic.ts'
import { displayPath, displayText } from './names.ts'
import { sanitiseJson } from './sanitise.ts'

/** What `check` found, as other programs read it; `schemas/check.schema.json` describes every field. */
export interface CheckDocument {
  readonly formatVersion: '1'
  readonly summary: { readonly errors: number; readonly warnings: number; readonly resources: number }
  readonly diagnostics: readonly {
    readonly severity: 'error' | 'warning'
    readonly code: string
    readonly message: string
    readonly file: string
    readonly line: number
    readonly column: number
    readonly hint: string | null
  }[]
}

/** `resources`: how many valid ones there are. Paths are relative to the working directory. */
export function checkDocument(
  diagnostics: readonly Diagnostic[],
  options: { readonly resources: number; readonly workingDirectory: string },
): CheckDocument {
  const errors = diagnostics.filter(isError).length
  return sanitiseJson<CheckDocument>({
    formatVersion: '1',
    summary: { errors, warnings: diagnostics.length - errors, resources: options.resources },
    diagnostics: diagnostics.map(({ severity, code, message, position, hint }) => ({
      severity,
      code,
      message: displayText(message, options.workingDirectory),
      file: displayPath(position.file, options.workingDirectory),
      line: position.line,
      column: position.column,
      hint: hint ?? null,
    })),
  })
}
