import type { DatabaseSync } from 'node:sqlite'
import type { Precondition, StoreWrite } from '../core/store.ts'
import { conflict } from './conflict.ts'
import { checksumOf, type Rows } from './sqlite-rows.ts'

/** Writes the tables of one connection. */
export class RowWriter {
  readonly #database: DatabaseSync
  readonly #rows: Rows
  readonly #revisionOf
  readonly #put
  readonly #delete
  readonly #setRevision

  constructor(database: DatabaseSync, rows: Rows) {
    this.#database = database
    this.#rows = rows
    this.#revisionOf = database.prepare('SELECT revision FROM records WHERE collection = ? AND key = ?')
    this.#put = database.prepare(
      `INSERT INTO records (collection, key, value, revision, checksum) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, revision = excluded.revision, checksum = excluded.checksum`,
    )
    this.#delete = database.prepare('DELETE FROM records WHERE collection = ? AND key = ?')
    this.#setRevision = database.prepare("UPDATE meta SET value = ? WHERE name = 'revision'")
  }

  /** Checks and writes in one transaction; returns its revision. */
  commit(writes: readonly StoreWrite[], preconditions: readonly Precondition[]): number {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const revision = this.#write(writes, preconditions)
      this.#database.exec('COMMIT')
      return revision
    } finally {
      // After an error; some (a full disk) have ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    }
  }

  #write(writes: readonly StoreWrite[], preconditions: readonly Precondition[]): number {
    for (const { collection, key, expected } of writes) {
      if (expected !== undefined) this.#check({ collection, key, revision: expected })
    }
    for (const precondition of preconditions) this.#check(precondition)
    if (writes.length === 0) return this.#rows.revision()
    const revision = this.#rows.revision() + 1
    this.#setRevision.run(String(revision))
    for (const write of writes) {
      const { collection, key } = write
      if (write.type === 'delete') this.#delete.run(collection, key)
      else {
        const text = JSON.stringify(write.value)
        this.#put.run(collection, key, text, revision, checksumOf({ collection, key, text, revision }))
      }
    }
    return revision
  }

  #check({ collection, key, revision }: Precondition): void {
    const actual = Number(this.#revisionOf.get(collection, key)?.revision ?? 0)
    if (actual !== revision) throw conflict({ collection, key }, revision, actual)
  }
}
