import { type Duration, formatDuration } from './duration.ts'
import { messageOf, ReconcileError } from './errors.ts'
import type { Reading } from './reconciler.ts'

/** A reading that gave nothing, and why. */
export type Unreadable = Extract<Reading<never>, { readonly type: 'unreadable' }>

/** Faults of the credential or of the whole vendor: one event, not one a resource. */
const domainWide: ReadonlySet<string> = new Set(['CredentialsMissing', 'CredentialsRefused', 'RateLimited'])

/** What a reading of a vendor gives that ended with an error. */
export function unreadable(error: unknown): Unreadable {
  const code = error instanceof ReconcileError ? error.code : 'Internal'
  return {
    type: 'unreadable',
    code,
    message: messageOf(error),
    ...(domainWide.has(code) && { isDomainWide: true }),
  }
}

/** The error of what a vendor did not answer before a reading of all was over. */
export function notReadWithin(limit: Duration, vendor: string): ReconcileError {
  return new ReconcileError(
    'RemoteUnavailable',
    `${vendor} did not answer in time: not all was read within ${formatDuration(limit)}`,
  )
}
