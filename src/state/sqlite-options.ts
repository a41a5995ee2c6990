import type { Clock, Random } from '../core/clock.ts'

export interface SqliteOptions {
  /** The state file, absolute. */
  readonly path: string
  /** `read` changes nothing on disk, and finds an empty store (id '') where there is no file. */
  readonly mode: 'write' | 'read'
  readonly clock: Clock
  /** Draws the id and the secret key of a new store, so its source must be a cryptographic one. */
  readonly random: Random
  /** How large the file may grow, in pages of 4 KiB. Default: SQLite's own limit, far above any disk. */
  readonly maxPages?: number
}
