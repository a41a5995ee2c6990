import { type Diagnostic, isError } from '../core/diagnostic.ts'
import type { Logger } from '../core/logger.ts'
import { shown } from '../core/shown.ts'
import { diagnosticsText } from '../reports/diagnostics-text.ts'
import { displayPath, displayText } from '../reports/names.ts'
import { pageOf } from './page.ts'
import type { Workspace } from './workspace.ts'

/** Prints what is wrong with the manifests on standard error; `-q` leaves the warnings out. */
export function printDiagnostics(
  { call, common }: Pick<Workspace, 'call' | 'common'>,
  diagnostics: readonly Diagnostic[],
): void {
  const told = common.quiet ? diagnostics.filter(isError) : diagnostics
  if (told.length === 0) return
  call.err.write(
    `${diagnosticsText(shown(told, call.mask), { ...pageOf(call, common, call.err), workingDirectory: call.cwd })}\n`,
  )
}

/** The same for a log that programs read: one entry each, with the fields that `check -o json` has. */
export function logDiagnostics(
  log: Logger,
  diagnostics: readonly Diagnostic[],
  workingDirectory: string,
): void {
  for (const { severity, code, message, position, hint } of diagnostics) {
    const file = displayPath(position.file, workingDirectory)
    const fields = {
      code,
      message: displayText(message, workingDirectory),
      file,
      line: position.line,
      column: position.column,
      hint: hint ?? null,
    }
    if (severity === 'error') log.error(fields, 'manifest is wrong')
    else log.warn(fields, 'manifest is doubtful')
  }
}
