import type { ImportPlace } from '../../../../core/import.ts'

/** Why a file could not be read, and where. */
export class SourceError extends Error {
  readonly place: ImportPlace

  constructor(message: string, place: ImportPlace) {
    super(message)
    this.name = 'SourceError'
    this.place = place
  }
}
