import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { Json, ListQuery, RecordKey, StoreEntry } from '../core/store.ts'
import { newStoreError } from './sqlite-error.ts'

/** Reads the tables of one connection. */
export class Rows {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #get
  readonly #meta

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
    this.#get = database.prepare('SELECT * FROM records WHERE collection = ? AND key = ?')
    this.#meta = database.prepare('SELECT value FROM meta WHERE name = ?')
  }

  /** Throws `StoreCorrupt` where something is missing: every store has all of its meta rows from the start. */
  identity(): { readonly id: string; readonly secretKey: string } {
    this.revision()
    return { id: this.#metaOf('id'), secretKey: this.#metaOf('secretKey') }
  }

  #metaOf(name: 'id' | 'secretKey' | 'revision'): string {
    const value = this.#meta.get(name)?.value
    if (typeof value === 'string' && value !== '') return value
    throw newStoreError('StoreCorrupt', this.#path, `its ${name} is missing`)
  }

  revision(): number {
    const revision = Number(this.#metaOf('revision'))
    if (Number.isSafeInteger(revision) && revision >= 0) return revision
    throw newStoreError('StoreCorrupt', this.#path, 'its revision is not a number')
  }

  get({ collection, key }: RecordKey): StoreEntry | undefined {
    const row = this.#get.get(collection, key)
    return row && entryOf(row, this.#path)
  }

  list(query: ListQuery): readonly StoreEntry[] {
    const { collection, prefix = '', after, reverse = false, limit = -1 } = query
    const conditions = ['collection = ?']
    const values: (string | number)[] = [collection]
    if (prefix) {
      conditions.push('key >= ?', 'key < ?')
      // Keys hold no U+10FFFF, so that this closes the range of the prefix.
      values.push(prefix, `${prefix}\u{10ffff}`)
    }
    if (after !== undefined) {
      conditions.push(reverse ? 'key < ?' : 'key > ?')
      values.push(after)
    }
    const order = reverse ? 'DESC' : 'ASC'
    const sql = `SELECT * FROM records WHERE ${conditions.join(' AND ')} ORDER BY key ${order} LIMIT ?`
    return this.#database
      .prepare(sql)
      .all(...values, limit)
      .map((row) => entryOf(row, this.#path))
  }
}

interface RowText extends RecordKey {
  readonly text: string
  readonly revision: number
}

/** SQLite notices damaged pages, but not a damaged letter in a text; this does. */
export function checksumOf({ collection, key, text, revision }: RowText): number {
  return crc32(`${collection}\n${key}\n${revision}\n${text}`)
}

function entryOf(row: Record<string, SQLOutputValue>, path: string): StoreEntry {
  const { collection, key, value: text, revision, checksum } = row
  if (
    typeof collection !== 'string' ||
    typeof key !== 'string' ||
    typeof text !== 'string' ||
    typeof revision !== 'number' ||
    checksum !== checksumOf({ collection, key, text, revision })
  ) {
    throw newStoreError('StoreCorrupt', path, `the record ${String(collection)} ${String(key)} is damaged`)
  }
  return { collection, key, value: JSON.parse(text) as Json, revision }
}
