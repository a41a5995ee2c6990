import type { Store } from '../core/store.ts'
import type { SqliteOptions } from './sqlite-options.ts'
import { openSqliteReader } from './sqlite-reader.ts'
import { openSqliteWriter } from './sqlite-writer.ts'

export type { SqliteOptions } from './sqlite-options.ts'

/**
 * Opens the state file; `write` creates it where there is none. Rejects with `StoreCorrupt`, `StoreNewer`,
 * `StoreReadOnly`, `StoreFull`, `StoreBusy` or `StoreUnavailable`; a file that cannot be understood is never
 * taken for an empty one.
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  return options.mode === 'read' ? openSqliteReader(options) : openSqliteWriter(options)
}
