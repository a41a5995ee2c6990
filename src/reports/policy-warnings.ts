import type { Verdict } from '../core/policy.ts'
import { displayPath } from './names.ts'
import { sanitise } from './sanitise.ts'

/** What policies warn of, one sentence each. */
export function warningLines(warnings: readonly Verdict[] | undefined): readonly string[] {
  return (warnings ?? []).map(
    ({ policy, id, message }) =>
      `${sanitise(policy)} warns of ${sanitise(id ?? 'the whole plan')}: ${sanitise(message)}`,
  )
}

export interface WarningDocument {
  readonly policy: string
  readonly id: string | null
  readonly message: string
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
}

/** For a JSON document: the field is left out where there is none. */
export function warningDocuments(
  warnings: readonly Verdict[] | undefined,
  workingDirectory: string,
): { readonly warnings?: readonly WarningDocument[] } {
  if (!warnings || warnings.length === 0) return {}
  return {
    warnings: warnings.map(({ policy, id, message, position }) => ({
      policy: sanitise(policy),
      id: id === undefined ? null : sanitise(id),
      message,
      file: position ? displayPath(position.file, workingDirectory) : null,
      line: position?.line ?? null,
      column: position?.column ?? null,
    })),
  }
}
