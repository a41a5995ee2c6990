import type { Diagnostic } from '../core/diagnostic.ts'
import { diagnosticsText } from '../reports/diagnostics-text.ts'
import { pageOf } from './page.ts'
import type { Workspace } from './workspace.ts'

/** Prints what is wrong with the manifests on standard error; `-q` leaves the warnings out. */
export function printDiagnostics(
  { call, common }: Pick<Workspace, 'call' | 'common'>,
  diagnostics: readonly Diagnostic[],
): void {
  const told = common.quiet ? diagnostics.filter(({ severity }) => severity === 'error') : diagnostics
  if (told.length === 0) return
  call.err.write(
    `${diagnosticsText(told, { ...pageOf(call, common, call.err), workingDirectory: call.cwd })}\n`,
  )
}
