import type { ImportPlace } from '../../../../core/import.ts'

/** Why a file could not be read, and where. */
export class SourceError extends Error {
  readonly place: ImportPlace
  readonly code: 'import-ecosystem-missing' | 'import-ecosystem-syntax'

  constructor(message: string, place: ImportPlace, code: SourceError['code'] = 'import-ecosystem-syntax') {
    super(message)
    this.name = 'SourceError'
    this.place = place
    this.code = code
  }
}

export function missingFile(file: string): SourceError {
  return new SourceError('the file does not exist', { file, line: undefined }, 'import-ecosystem-missing')
}
