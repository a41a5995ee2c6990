import type { ImportNotice, ImportPlace } from '../../../core/import.ts'

/** Reports what could not be carried over as it is. Its codes are documented in docs/diagnostics.md. */
export type Tell = (notice: {
  readonly code: string
  readonly message: string
  /** Default: the place that is being read. */
  readonly place?: ImportPlace
}) => void

/** A list of notices and the way to add to it. */
export function collectNotices(usual: ImportPlace): {
  readonly notices: ImportNotice[]
  readonly tell: Tell
} {
  const notices: ImportNotice[] = []
  return {
    notices,
    tell: ({ code, message, place = usual }) => {
      notices.push({ ...place, code, message })
    },
  }
}
