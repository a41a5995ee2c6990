import { ReconcileError } from '../core/errors.ts'
import { sanitise } from '../reports/sanitise.ts'
import type { ExitStatus, Invocation } from './invocation.ts'
import type { CommonOptions } from './options.ts'

/** Prints why a verb could not do its work, and what helps; gives the exit status. */
export function reportFailure(
  invocation: Invocation,
  error: unknown,
  common: Pick<CommonOptions, 'verbose'>,
): ExitStatus {
  if (invocation.signal.aborted) {
    invocation.err.write('Interrupted. What was begun is written down; the next pass goes on from there.\n')
    return 1
  }
  if (error instanceof ReconcileError) {
    invocation.err.write(`error: ${sanitise(error.message)} [${error.code}]\n`)
    if (error.hint) invocation.err.write(`  ${sanitise(error.hint)}\n`)
  } else {
    const message = error instanceof Error ? error.message : String(error)
    invocation.err.write(`error: ${sanitise(message)} [Internal]\n`)
    invocation.err.write(
      '  This is a defect of reconciled. Please report it with the output of the same command and -v.\n',
    )
  }
  if (common.verbose && error instanceof Error && error.stack)
    invocation.err.write(`${sanitise(error.stack, { keepLines: true })}\n`)
  return 1
}
