import type { DatabaseSync } from 'node:sqlite'
import { newStoreError } from './sqlite-error.ts'

/** `rcnl` in ASCII: tells our files from other programs' SQLite files (`file` prints it too). */
export const applicationId = 0x72636e6c

/**
 * Steps from nothing to the present schema; `user_version` counts those that were done. A step is never changed
 * once released.
 */
export const migrations: readonly string[] = Object.freeze([
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE records (
     collection TEXT NOT NULL,
     key TEXT NOT NULL,
     value TEXT NOT NULL,
     revision INTEGER NOT NULL,
     checksum INTEGER NOT NULL,
     PRIMARY KEY (collection, key)
   ) STRICT, WITHOUT ROWID;`,
])

/** The oldest schema that a read understands without migrating it. */
const oldestReadable = 1

/** 3.7.0 to 3.51.2 can corrupt a WAL file when a writer and a checkpoint meet; 3.51.3 has the fix. */
const oldestSqlite: readonly [number, number, number] = [3, 51, 3]

/** Whether a version of SQLite is free of the fault that can damage a file. */
export function isSqliteSafe(version: string): boolean {
  const parts = version.split('.').map(Number)
  const differences = oldestSqlite.map((part, index) => (parts[index] ?? 0) - part)
  return (differences.find((difference) => difference !== 0) ?? 0) >= 0
}

/** Throws `StoreUnavailable` where the SQLite inside this Node is one that can damage the file. */
export function assertSqliteSafe(database: DatabaseSync, path: string): void {
  const version = String(database.prepare('SELECT sqlite_version() AS version').get()?.version)
  if (isSqliteSafe(version)) return
  const wanted = oldestSqlite.join('.')
  const message = `this Node brings SQLite ${version}, which can damage it; ${wanted} or newer is needed`
  throw newStoreError('StoreUnavailable', path, message)
}

/** Whose file it is and of which schema. Throws for another program's, a newer one's and a damaged one. */
export function readSchemaVersion(database: DatabaseSync, path: string, known = migrations): number {
  const id = pragma(database, 'application_id')
  const version = pragma(database, 'user_version')
  if (id !== applicationId) throw newStoreError('StoreCorrupt', path, 'it is not a state file of reconciled')
  if (version > known.length) {
    const message = `it has schema ${version}, and this program knows ${known.length} at most`
    throw newStoreError('StoreNewer', path, message)
  }
  if (version < oldestReadable)
    throw newStoreError('StoreCorrupt', path, `it says that its schema is ${version}`)
  return version
}

/** Does the steps that are missing, all in one transaction. */
export function migrate(database: DatabaseSync, from: number, steps = migrations): void {
  if (from >= steps.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    // Another program may have migrated it while we waited for the lock.
    for (const step of steps.slice(Math.max(from, pragma(database, 'user_version')))) database.exec(step)
    database.exec(`PRAGMA user_version = ${steps.length}`)
    database.exec('COMMIT')
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}
