import { type ErrorCode, messageOf, ReconcileError } from '../core/errors.ts'

/** Primary result codes, https://www.sqlite.org/rescode.html, that we tell apart. */
const codes: Readonly<Record<number, ErrorCode>> = Object.freeze({
  // SQLITE_ERROR: our SQL is constant, so a missing table or column is damage.
  1: 'StoreCorrupt',
  3: 'StoreReadOnly',
  5: 'StoreBusy',
  6: 'StoreBusy',
  8: 'StoreReadOnly',
  11: 'StoreCorrupt',
  13: 'StoreFull',
  // SQLITE_PROTOCOL: it tried for ten seconds, and somebody was always quicker.
  15: 'StoreBusy',
  26: 'StoreCorrupt',
})

/** Extended codes that mean something else than their primary code says. */
const extendedCodes: Readonly<Record<number, ErrorCode>> = Object.freeze({
  // SQLITE_IOERR_SHMSIZE: no room to grow the shared memory file.
  4874: 'StoreFull',
  // SQLITE_IOERR_CORRUPTFS: the file system says that the file is damaged.
  8458: 'StoreCorrupt',
})

/** What failed on the file system, before SQLite was asked. */
const systemCodes: Readonly<Record<string, ErrorCode>> = Object.freeze({
  EACCES: 'StoreReadOnly',
  EPERM: 'StoreReadOnly',
  EROFS: 'StoreReadOnly',
  ENOSPC: 'StoreFull',
  EDQUOT: 'StoreFull',
})

const hints: Partial<Readonly<Record<ErrorCode, string>>> = Object.freeze({
  StoreCorrupt:
    'Restore a copy, or move the file away to begin anew; what runs is then adopted by its marks.',
  StoreFull: 'Make room on the disk; nothing was written.',
  StoreReadOnly:
    'Run reconcile as the user whom the file belongs to, give this user write access to it and its folder, or name another file with --state.',
  StoreBusy:
    'Look for a program that holds the file, such as a backup or an sqlite3 shell with a transaction.',
})

/** The same in words: Node.js says them with the call and the path, which is named already. */
const systemReasons: Readonly<Record<string, string>> = Object.freeze({
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
})

/** Turns whatever SQLite or the file system threw into an error of the catalogue; keeps ours as it is. */
export function storeError(error: unknown, path: string): ReconcileError {
  if (error instanceof ReconcileError) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const why = (typeof code === 'string' && systemReasons[code]) || messageOf(error)
  return newStoreError(codeOf(error), path, why, error)
}

export function newStoreError(code: ErrorCode, path: string, why: string, cause?: unknown): ReconcileError {
  const hint = hints[code]
  const options = hint === undefined ? { cause } : { cause, hint }
  return new ReconcileError(code, `Cannot use the state file ${path}: ${why}`, options)
}

/** Whether a thrown value says that another connection holds the file just now. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === 'StoreBusy'
}

function codeOf(error: unknown): ErrorCode {
  if (!(error instanceof Error)) return 'StoreUnavailable'
  const { code, errcode } = error as Error & { readonly code?: unknown; readonly errcode?: unknown }
  if (typeof errcode === 'number') {
    return extendedCodes[errcode] ?? codes[errcode & 0xff] ?? 'StoreUnavailable'
  }
  return (typeof code === 'string' ? systemCodes[code] : undefined) ?? 'StoreUnavailable'
}
