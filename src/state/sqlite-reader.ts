import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { ReconcileError } from '../core/errors.ts'
import type { Store } from '../core/store.ts'
import { blockingTimeout, whileBusy } from './busy.ts'
import { quickCheck } from './sqlite-check.ts'
import { isBusy } from './sqlite-error.ts'
import { type FileFacts, findStore, lookAt } from './sqlite-file.ts'
import type { SqliteOptions } from './sqlite-options.ts'
import { Rows } from './sqlite-rows.ts'
import { assertSqliteSafe, readSchemaVersion } from './sqlite-schema.ts'
import { ChangeWatch } from './sqlite-watch.ts'

/** The file changed its kind under a read (a writer came or went): the read is made again. */
class Moved extends Error {}

/**
 * Opens the state file so that nothing changes on disk, byte for byte: what is asked for at one moment is read in one
 * opening, in the way that fits who else holds the file then. Where there is no file, the store is empty and has no id.
 */
export async function openSqliteReader({ path, clock }: SqliteOptions): Promise<Store> {
  const busy = { path, clock, isTransient: (error: unknown) => isBusy(error) || error instanceof Moved }
  let isClosed = false

  /** What is asked for until the opening that will answer it; undefined: none is about to be made. */
  let questions: ((rows: Rows) => void)[] | undefined
  let answered = Promise.resolve()

  async function read<T>(fallback: T, use: (rows: Rows) => T): Promise<T> {
    if (isClosed)
      throw new ReconcileError('StoreUnavailable', `Cannot read the state file ${path}: it was closed`)
    let answer = fallback
    const question = (rows: Rows) => {
      answer = use(rows)
    }
    if (questions) questions.push(question)
    else {
      const asked = [question]
      questions = asked
      answered = Promise.resolve().then(() => answerAll(asked))
    }
    await answered
    return answer
  }

  async function answerAll(asked: readonly ((rows: Rows) => void)[]): Promise<void> {
    questions = undefined
    const use = (database: DatabaseSync) => {
      const rows = new Rows(database, path)
      for (const question of asked) question(rows)
    }
    await whileBusy(busy, () => readUnchanged(path, { fallback: undefined, use }))
  }

  const check = (database: DatabaseSync) => {
    quickCheck(database, path, lookAt(path)?.size ?? 0)
    return new Rows(database, path).identity()
  }
  const identity = await whileBusy(busy, () =>
    readUnchanged(path, { fallback: { id: '', secretKey: '' }, use: check }),
  )
  const watch = new ChangeWatch(clock, {
    look: () => readUnchanged(path, { fallback: -1, use: (database) => new Rows(database, path).revision() }),
  })

  return {
    ...identity,
    location: path,
    get: (key) => read(undefined, (rows) => rows.get(key)),
    list: (query) => read([], (rows) => rows.list(query)),
    revision: () => read(0, (rows) => rows.revision()),
    async commit() {
      throw new ReconcileError(
        'Internal',
        `Cannot write to the state file ${path}: it was opened for reading`,
      )
    },
    watch: (onChange) => watch.add(onChange),
    async close() {
      isClosed = true
      watch.close()
    },
  }
}

interface Read<T> {
  /** What is read where there is no file. */
  readonly fallback: T
  readonly use: (database: DatabaseSync) => T
}

interface Opening<T> {
  /** What is opened; messages name the state file itself. */
  readonly file: string
  /** SQLite's URI parameters, https://www.sqlite.org/uri.html. */
  readonly parameters: string
  readonly use: (database: DatabaseSync) => T
}

function readUnchanged<T>(path: string, { fallback, use }: Read<T>): T {
  const before = findStore(path)
  if (!before) return fallback
  const log = lookAt(`${path}-wal`)
  if (!log || isBare(log)) return readResting(path, use)
  // A log without its index has no writer: whoever writes holds the index.
  return lookAt(`${path}-shm`) ? readBeside(path, use) : readCopy(path, use)
}

/** The header of a log, https://www.sqlite.org/fileformat2.html#walformat. */
const logHeader = 32

/**
 * Whether a log holds no commit. Who is killed right after its header leaves that alone, with an index: read beside that,
 * SQLite (3.53) never finds log and index to agree, tries for ten seconds, and says that the locking protocol is broken.
 */
function isBare(log: FileFacts): boolean {
  return log.size <= logHeader
}

/**
 * Nobody writes, and everything is in the one file: `immutable` takes no lock and makes no file. Whether a writer
 * came meanwhile is seen after; only what was read in peace counts.
 */
function readResting<T>(path: string, use: (database: DatabaseSync) => T): T {
  const before = lookAt(path)?.version
  const isResting = () => {
    const log = lookAt(`${path}-wal`)
    return lookAt(path)?.version === before && (!log || isBare(log))
  }
  try {
    const value = withDatabase(path, { file: path, parameters: 'immutable=1', use })
    if (isResting()) return value
  } catch (error) {
    if (isResting()) throw error
  }
  throw new Moved()
}

/**
 * A controller lives, or one was killed and left its log: `readonly_shm` reads the index of the log without writing
 * its marks into it, and where nobody keeps that index reads the log itself.
 */
function readBeside<T>(path: string, use: (database: DatabaseSync) => T): T {
  try {
    return withDatabase(path, { file: path, parameters: 'readonly_shm=1', use })
  } catch (error) {
    if (!lookAt(`${path}-shm`)) throw new Moved()
    throw error
  }
}

/** A log alone cannot be read without making its index, so a private copy of both is read. */
function readCopy<T>(path: string, use: (database: DatabaseSync) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'reconciled-read-'))
  const copy = join(folder, basename(path))
  try {
    copyFileSync(path, copy)
    copyFileSync(`${path}-wal`, `${copy}-wal`)
    if (lookAt(`${path}-shm`)) throw new Moved()
    return withDatabase(path, { file: copy, parameters: '', use })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function withDatabase<T>(path: string, { file, parameters, use }: Opening<T>): T {
  const url = pathToFileURL(file)
  url.search = parameters
  const database = new DatabaseSync(url, { readOnly: true, timeout: blockingTimeout })
  try {
    assertSqliteSafe(database, path)
    readSchemaVersion(database, path)
    return use(database)
  } finally {
    database.close()
  }
}
