import { writeSync } from 'node:fs'
import type { SecretMask } from '../core/secret-mask.ts'
import { sanitise } from '../reports/sanitise.ts'

/**
 * A defect that nobody caught ends the program as it would by itself, but what is told of it shows no secret: neither what
 * is printed, nor the report that Node writes where it was asked to (`--report-uncaught-exception`).
 */
export function endOnDefects(mask: SecretMask): void {
  const { report } = process
  // Reports that are asked for by a signal or written after a fatal error hold the environment otherwise.
  report.excludeEnv = true
  process.on('uncaughtException', (error: unknown) => {
    const shown = shownError(error, mask)
    print(
      `error: ${shown.message} [Internal]\n  This is a defect of reconciled. Please report it.\n${shown.stack}\n`,
    )
    if (report.reportOnUncaughtException) report.writeReport(shown)
    process.exit(1)
  })
}

function shownError(error: unknown, mask: SecretMask): Error & { readonly stack: string } {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error))
  const shown = new Error(sanitise(mask.mask(message)))
  return Object.assign(shown, { stack: sanitise(mask.mask(stack), { keepLines: true }) })
}

/** At once: nothing that is asynchronous is waited for any more. */
function print(text: string): void {
  try {
    writeSync(2, text)
  } catch {
    // Nobody reads it.
  }
}
