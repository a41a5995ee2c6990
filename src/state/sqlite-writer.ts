import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../core/store.ts'
import { blockingTimeout, whileBusy } from './busy.ts'
import { assertRecordKey } from './record-key.ts'
import { quickCheck } from './sqlite-check.ts'
import { RowWriter } from './sqlite-commit.ts'
import { newStoreError } from './sqlite-error.ts'
import { assertAccess, createStoreFile, findStore, lookAt, makeDurable, makePrivate } from './sqlite-file.ts'
import type { SqliteOptions } from './sqlite-options.ts'
import { Rows } from './sqlite-rows.ts'
import { assertSqliteSafe, migrate, readSchemaVersion } from './sqlite-schema.ts'
import { ChangeWatch } from './sqlite-watch.ts'

/** Opens the state file for reading and writing, and creates it where there is none. */
export async function openSqliteWriter(options: SqliteOptions): Promise<Store> {
  const { path, clock } = options
  const busy = { path, clock }
  const { database, rows, writer, identity, place } = await whileBusy(busy, () => openForWriting(options))
  // Prepared once: it is asked several times a second for as long as a controller lives.
  const dataVersion = database.prepare('PRAGMA data_version')
  const watch = new ChangeWatch(clock, {
    look: () => dataVersion.get()?.data_version,
    // SQLite takes it away with the last connection, which is not before ours is closed.
    written: `${path}-wal`,
  })

  return {
    ...identity,
    location: path,
    get: (key) => whileBusy(busy, () => rows.get(key)),
    list: (query) => whileBusy(busy, () => rows.list(query)),
    revision: () => whileBusy(busy, () => rows.revision()),
    async commit(writes, preconditions = []) {
      for (const key of [...writes, ...preconditions]) assertRecordKey(key)
      const revision = await whileBusy(busy, () => {
        assertInPlace(path, place)
        return writer.commit(writes, preconditions)
      })
      if (writes.length > 0) watch.touch()
      return revision
    },
    watch: (onChange) => watch.add(onChange),
    async close() {
      watch.close()
      if (database.isOpen) database.close()
    },
  }
}

function openForWriting(options: SqliteOptions) {
  const { path } = options
  const facts = findExisting(options)
  assertAccess(path)
  makePrivate(path, facts)
  const { place } = facts
  const database = new DatabaseSync(path, { timeout: blockingTimeout })
  try {
    assertSqliteSafe(database, path)
    const version = readSchemaVersion(database, path)
    quickCheck(database, path, facts.size)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
    makeDurable(database)
    if (options.maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${options.maxPages}`)
    assertWritable(database)
    migrate(database, version)
    const rows = new Rows(database, path)
    return { database, rows, identity: rows.identity(), writer: new RowWriter(database, rows), place }
  } catch (error) {
    database.close()
    throw error
  }
}

function findExisting({ path, random }: SqliteOptions) {
  if (!findStore(path)) createStoreFile(path, random)
  const facts = findStore(path)
  if (facts) return facts
  throw newStoreError('StoreUnavailable', path, 'it vanished while it was opened')
}

/**
 * A file that was taken away or replaced is still ours to write, and nobody else would ever read it: the next program
 * would begin a state of its own beside us.
 */
function assertInPlace(path: string, place: string): void {
  const found = lookAt(path)?.place
  if (found === place) return
  const fate = found === undefined ? 'taken away' : 'replaced by another one'
  throw newStoreError('StoreUnavailable', path, `it was ${fate} while it was in use`)
}

/** SQLite opens what it may not write for reading, and says so only at the first write. */
function assertWritable(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE; ROLLBACK')
}
