import { type ErrorCode, ReconcileError } from '../../core/errors.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import { AnswerTooLarge } from '../net/http-line.ts'
import { UnreadableAnswer } from '../vendor/unreadable-answer.ts'

/** Longest text of Netlify's that is passed on. */
const maxText = 300

/** What a call was about, for its messages: `could not <what>`. */
export interface CallPurpose {
  readonly what: string
  readonly isWrite: boolean
}

/** The error for an answer that is none of success. A write that Netlify broke down at has an unknown outcome. */
export function refusalOf(
  answer: { readonly status: number; readonly body: string },
  { what, isWrite, mask }: CallPurpose & { readonly mask?: SecretMask | undefined },
): ReconcileError {
  const { status } = answer
  const said = saidIn(answer.body, mask)
  const fail = (code: ErrorCode, message: string) => new ReconcileError(code, message)
  if (status === 401) {
    return fail('CredentialsRefused', `Could not ${what}: Netlify does not accept the credential (${said})`)
  }
  if (status === 403) return fail('PermissionMissing', `Could not ${what}: ${said || 'Netlify forbids it'}`)
  if (status === 404) {
    return fail('PermissionMissing', `Could not ${what}: it does not exist, or the credential may not see it`)
  }
  if (status === 409) return fail('RemoteChanged', `Could not ${what}: ${said}`)
  if (status >= 500) {
    return isWrite
      ? fail('OutcomeUnknown', `Netlify answered ${status} while trying to ${what}`)
      : fail('RemoteUnavailable', `Could not ${what}: Netlify answered ${status}`)
  }
  return fail('RemoteRefused', `Could not ${what}: Netlify refused (${status}): ${said}`)
}

/** The error where no answer came, or none of Netlify's. */
export function lossOf(error: unknown, { what, isWrite }: CallPurpose): ReconcileError {
  const fail = (code: ErrorCode, message: string) => new ReconcileError(code, message, { cause: error })
  const isUnreadable = error instanceof UnreadableAnswer || error instanceof AnswerTooLarge
  if (isWrite && !wasNeverSent(error)) {
    const why = isUnreadable ? `: ${error.message}` : ''
    return fail('OutcomeUnknown', `The answer was lost while trying to ${what}${why}`)
  }
  if (isUnreadable) return fail('RemoteAnswerInvalid', `Could not ${what}: ${error.message}`)
  return fail('RemoteUnavailable', `Could not ${what}: Netlify could not be reached`)
}

/** Bounded. He repeats what he was sent, so secrets are masked while they are whole. */
function saidIn(body: string, mask: SecretMask | undefined): string {
  const shown = (text: string) => (mask?.maskForeign(text) ?? text).slice(0, maxText)
  try {
    const data: unknown = JSON.parse(body)
    if (data !== null && typeof data === 'object' && 'message' in data && typeof data.message === 'string') {
      return shown(data.message)
    }
  } catch {
    // Not JSON: its words are as good.
  }
  return shown(body)
}

/** Whether a request surely never reached Netlify. */
function wasNeverSent(error: unknown): boolean {
  for (let cause = error; cause !== null && typeof cause === 'object'; ) {
    const { code, cause: inner } = cause as { readonly code?: unknown; readonly cause?: unknown }
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return true
    cause = inner
  }
  return false
}
