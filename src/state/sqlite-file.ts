import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Random } from '../core/clock.ts'
import { newStoreError, storeError } from './sqlite-error.ts'
import { applicationId, assertSqliteSafe, migrate } from './sqlite-schema.ts'

/** SQLite's smallest page. It takes a shorter file for an empty database, whatever is in it. */
const smallestFile = 512

/** What lies at a path, by `stat` alone. */
export interface FileFacts {
  readonly size: number
  readonly mode: number
  /** Changes when the file is written or replaced. */
  readonly version: string
  /** Changes when the file is replaced. */
  readonly place: string
}

/**
 * Looks at a file without opening it: closing any descriptor of a SQLite file drops the locks that this process
 * holds on it (https://www.sqlite.org/howtocorrupt.html, 2.2). Undefined where there is none.
 */
export function lookAt(path: string): FileFacts | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) {
    assertFolderOrNothing(dirname(path), path)
    return undefined
  }
  if (!stats.isFile()) throw newStoreError('StoreUnavailable', path, 'it is not a file')
  const version = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`
  const place = `${stats.dev}:${stats.ino}`
  return { size: Number(stats.size), mode: Number(stats.mode), version, place }
}

/** A file where the folder should be is not "nothing there", though `stat` cannot tell the two apart. */
function assertFolderOrNothing(folder: string, path: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false })
  if (stats?.isDirectory()) return
  if (stats) throw newStoreError('StoreUnavailable', path, `${folder} is not a folder`)
  if (folder !== dirname(folder)) assertFolderOrNothing(dirname(folder), path)
}

/** Throws what the file system says where the file, or its folder (the log is made there), may not be written. */
export function assertAccess(path: string): void {
  accessSync(path, constants.R_OK | constants.W_OK)
  accessSync(dirname(path), constants.W_OK)
}

/**
 * Whether there is a store at the path. Throws `StoreCorrupt` for what SQLite would take for an empty database:
 * a cut file, or a log that its database was taken from.
 */
export function findStore(path: string): FileFacts | undefined {
  // The log first: a store that is made between the two looks has its file before it has a log.
  const log = lookAt(`${path}-wal`)
  const facts = lookAt(path)
  if (facts && facts.size < smallestFile) {
    const what = facts.size === 0 ? 'it is empty' : `it is only ${facts.size} bytes long`
    throw newStoreError('StoreCorrupt', path, what)
  }
  if (!facts && (log?.size ?? 0) > 0) {
    throw newStoreError('StoreCorrupt', path, `it is gone, but its log ${path}-wal is there`)
  }
  return facts
}

/** Takes away what others were allowed to do with the file: it holds the key of the secrets' digests. */
export function makePrivate(path: string, { mode }: FileFacts): void {
  if ((mode & 0o077) !== 0) chmodSync(path, 0o600)
}

/**
 * Makes a store where there is none. It is built beside its place and linked into it, so that it appears whole or
 * not at all, and so that of two programs at the same moment one wins and both use the winner's.
 */
export function createStoreFile(path: string, random: Random): void {
  const draft = `${path}.new-${random.id()}`
  try {
    makeFolder(dirname(path))
    closeSync(openSync(draft, 'wx', 0o600))
    fillStore(draft, random)
    linkUnlessThere(draft, path)
    syncFolder(dirname(path))
  } catch (error) {
    throw storeError(error, path)
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true })
  }
}

/** A folder for the state alone keeps itself out of git: it holds the key of the secrets' digests. */
function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (made === undefined && basename(folder) !== '.reconcile') return
  try {
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    // Somebody has a word of his own there.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function fillStore(path: string, random: Random): void {
  const database = new DatabaseSync(path)
  try {
    assertSqliteSafe(database, path)
    makeDurable(database)
    database.exec(`PRAGMA application_id = ${applicationId}`)
    migrate(database, 0)
    const insert = database.prepare('INSERT INTO meta (name, value) VALUES (?, ?)')
    insert.run('id', random.id())
    insert.run('secretKey', drawKey(random))
    insert.run('revision', '0')
    database.exec('PRAGMA journal_mode = WAL')
  } finally {
    database.close()
  }
}

/** 32 bytes as hex. */
function drawKey(random: Random): string {
  const bytes = Array.from({ length: 32 }, () => Math.floor(random.next() * 256))
  return Buffer.from(bytes).toString('hex')
}

/** A commit that was acknowledged survives a power cut; on macOS that takes more than fsync. */
export function makeDurable(database: DatabaseSync): void {
  database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON')
}

function linkUnlessThere(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Without this a power cut may forget the name though the content is there. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
