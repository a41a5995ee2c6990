import type { ImportPlace } from '../../../../core/import.ts'

/** Why a file could not be read, and where. */
export class SourceError extends Error {
  readonly place: ImportPlace
  /** Whether there is no such file. */
  readonly isMissing: boolean

  constructor(message: string, place: ImportPlace, options: { readonly isMissing?: boolean } = {}) {
    super(message)
    this.name = 'SourceError'
    this.place = place
    this.isMissing = options.isMissing === true
  }
}

export function missingFile(file: string): SourceError {
  return new SourceError('the file does not exist', { file, line: undefined }, { isMissing: true })
}
