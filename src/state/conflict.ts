import { ReconcileError } from '../core/errors.ts'
import type { RecordKey } from '../core/store.ts'

/** The error of every store for a record that is not at the revision it was expected at. */
export function conflict({ collection, key }: RecordKey, expected: number, actual: number): ReconcileError {
  const wanted = expected === 0 ? 'not to exist' : `at revision ${expected}`
  const found = actual === 0 ? 'it does not exist' : `it is at revision ${actual}`
  return new ReconcileError(
    'ConflictingRevision',
    `Cannot write to the state: expected the record ${collection} ${key} ${wanted}, but ${found}`,
  )
}
