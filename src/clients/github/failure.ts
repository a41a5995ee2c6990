import { ReconcileError } from '../../core/errors.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import { AnswerTooLarge } from '../net/http-line.ts'
import { UnreadableAnswer } from '../vendor/unreadable-answer.ts'

/** What a failed request is known by. Octokit's errors have no `response` where no answer came. */
export interface FailedRequest {
  readonly message?: string
  readonly status?: number
  readonly response?: {
    readonly headers: Readonly<Record<string, string | number | readonly string[] | undefined>>
    readonly data: unknown
  }
  readonly cause?: unknown
}

/** The request behind an error of this client; undefined where something else failed. */
export function requestBehind(error: unknown): FailedRequest | undefined {
  return error instanceof ReconcileError ? (error.cause as FailedRequest | undefined) : undefined
}

/** Longest text of GitHub's that is passed on. */
const maxText = 300

/**
 * What GitHub said, bounded: `Validation Failed` with what was not valid. He repeats what he was sent, so secrets are
 * masked while they are whole.
 */
export function saidBy(error: FailedRequest, mask?: SecretMask): string {
  const data = error.response?.data
  const text = messageIn(data) ?? (typeof data === 'string' ? data : error.message) ?? ''
  const errors =
    data !== null && typeof data === 'object' && 'errors' in data && Array.isArray(data.errors)
      ? data.errors.map((each: unknown) => (typeof each === 'string' ? each : messageIn(each)))
      : []
  const all = [text, ...errors.filter((each) => each !== undefined)].join(': ')
  return (mask?.maskForeign(all) ?? all).slice(0, maxText)
}

function messageIn(data: unknown): string | undefined {
  return data !== null && typeof data === 'object' && 'message' in data && typeof data.message === 'string'
    ? data.message
    : undefined
}

/** Whether a request surely never reached GitHub. */
function wasNeverSent(error: FailedRequest): boolean {
  for (let cause: unknown = error; cause !== null && typeof cause === 'object'; ) {
    const { code, cause: inner } = cause as { readonly code?: unknown; readonly cause?: unknown }
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return true
    cause = inner
  }
  return false
}

const permissionWords = /not accessible by|must have|permission|scope|SAML|SSO|forbids access|IP allow list/i

/** Of a file, and of a branch. What else he says with a 409, such as that rules protect the branch, stays so until a person acts. */
const conflictWords = /does not match|but expected/i

/**
 * An error of the program for a request that failed. A write that may have reached GitHub has an unknown outcome; a
 * 403 is about permissions only where it says so.
 */
export function failureOf(
  error: FailedRequest,
  call: { readonly what: string; readonly isWrite: boolean; readonly mask?: SecretMask | undefined },
): ReconcileError {
  const { what, isWrite, mask } = call
  const { status, response } = error
  const said = saidBy(error, mask)
  const fail = (code: ConstructorParameters<typeof ReconcileError>[0], message: string, hint?: string) =>
    new ReconcileError(code, message, { cause: error, ...(hint !== undefined && { hint }) })
  if (!response || status === undefined) {
    const { cause } = error
    const isUnreadable = cause instanceof UnreadableAnswer || cause instanceof AnswerTooLarge
    if (isWrite && !wasNeverSent(error)) {
      const why = isUnreadable ? `: ${cause.message}` : ''
      return fail('OutcomeUnknown', `The answer was lost while trying to ${what}${why}`)
    }
    if (isUnreadable) return fail('RemoteAnswerInvalid', `Could not ${what}: ${cause.message}`)
    return fail('RemoteUnavailable', `Could not ${what}: GitHub could not be reached`)
  }
  if (status === 401) {
    return fail('CredentialsRefused', `Could not ${what}: GitHub does not accept the credential (${said})`)
  }
  if (status === 403 && permissionWords.test(said)) {
    const needed =
      response.headers['x-accepted-github-permissions'] ?? response.headers['x-accepted-oauth-scopes']
    const lacks = needed === undefined || needed === '' ? '' : `; it needs ${needed}`
    return fail(
      'PermissionMissing',
      `Could not ${what}: ${said}${lacks}`,
      'Give the credential that permission.',
    )
  }
  if (status === 404) {
    return fail('PermissionMissing', `Could not ${what}: it does not exist, or the credential may not see it`)
  }
  if (status === 409 && conflictWords.test(said)) return fail('RemoteChanged', `Could not ${what}: ${said}`)
  if (status >= 500) {
    if (isWrite) return fail('OutcomeUnknown', `GitHub answered ${status} while trying to ${what}`)
    return fail('RemoteUnavailable', `Could not ${what}: GitHub answered ${status}`)
  }
  return fail('RemoteRefused', `Could not ${what}: GitHub refused (${status}): ${said}`)
}
