import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { errorCatalogue } from '../../src/core/errors.ts'
import type { Store } from '../../src/core/store.ts'
import { openSqliteStore } from '../../src/state/sqlite.ts'
import { storeError } from '../../src/state/sqlite-error.ts'
import { isSqliteSafe, migrate, migrations } from '../../src/state/sqlite-schema.ts'
import { start } from './children/run.ts'
import { openFile, realClock, realRandom, temporaryFolder } from './fixtures.ts'

let folder: ReturnType<typeof temporaryFolder>
let path: string
beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder.path, 'state.db')
})
afterEach(() => folder.remove())

/** A store of a few hundred pages, closed. */
async function fill(): Promise<void> {
  const store = await openFile(path)
  for (let batch = 0; batch < 10; batch += 1) {
    await store.commit(
      Array.from({ length: 60 }, (_, index) => ({
        type: 'put' as const,
        collection: 'thing',
        key: `${batch}-${index}`,
        value: { text: `${batch}-${index} `.repeat(120) },
      })),
    )
  }
  await store.close()
}

function edit(change: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path)
  change(database)
  database.close()
}

function overwrite(offset: number, bytes: Buffer): void {
  const content = readFileSync(path)
  bytes.copy(content, offset)
  writeFileSync(path, content)
}

/** Opens and reads everything. */
async function use(mode: 'write' | 'read'): Promise<void> {
  const store = await openFile(path, mode)
  try {
    await store.list({ collection: 'thing' })
  } finally {
    await store.close()
  }
}

describe.each(['write', 'read'] as const)('opened to %s', (mode) => {
  test.each<[string, string, () => void]>([
    ['of no bytes', 'StoreCorrupt', () => truncateSync(path, 0)],
    ['of one byte, which SQLite takes for empty', 'StoreCorrupt', () => writeFileSync(path, 'x')],
    ['of a text', 'StoreCorrupt', () => writeFileSync(path, 'apiVersion: v1\n'.repeat(100))],
    ['cut in its first page', 'StoreCorrupt', () => truncateSync(path, 2000)],
    ['cut in the middle', 'StoreCorrupt', () => truncateSync(path, statSync(path).size - 4096 * 3)],
    ['cut within a page', 'StoreCorrupt', () => truncateSync(path, statSync(path).size - 1000)],
    ['with a damaged header', 'StoreCorrupt', () => overwrite(0, Buffer.from('damaged header!!'))],
    ['with a damaged schema page', 'StoreCorrupt', () => overwrite(100, Buffer.alloc(400, 0xaa))],
    ['with a damaged inner page', 'StoreCorrupt', () => overwrite(4096 * 20, Buffer.alloc(4096, 0x55))],
    ['with a page of zeros', 'StoreCorrupt', () => overwrite(4096 * 30, Buffer.alloc(4096))],
    [
      'with one changed letter in a record',
      'StoreCorrupt',
      () => overwrite(readFileSync(path).indexOf('5-7 5-7') + 40, Buffer.from('X')),
    ],
    [
      'of another program',
      'StoreCorrupt',
      () => edit((database) => database.exec('PRAGMA application_id = 1')),
    ],
    ['of no program', 'StoreCorrupt', () => edit((database) => database.exec('PRAGMA application_id = 0'))],
    ['without its tables', 'StoreCorrupt', () => edit((database) => database.exec('DROP TABLE records'))],
    [
      'without its id',
      'StoreCorrupt',
      () => edit((database) => database.exec("DELETE FROM meta WHERE name = 'id'")),
    ],
    [
      'without a revision',
      'StoreCorrupt',
      () => edit((database) => database.exec("UPDATE meta SET value = 'x' WHERE name = 'revision'")),
    ],
    [
      'of a schema that never was',
      'StoreCorrupt',
      () => edit((database) => database.exec('PRAGMA user_version = 0')),
    ],
    ['of a newer program', 'StoreNewer', () => edit((database) => database.exec('PRAGMA user_version = 99'))],
  ])('a file %s is refused as %s and left as it is', async (_, code, damage) => {
    await fill()
    damage()
    const before = readFileSync(path)
    await expect(use(mode)).rejects.toMatchObject({ code, message: expect.stringContaining(path) })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('a log whose database was taken away is refused', async () => {
    const child = start(new URL('./children/commit-forever.ts', import.meta.url), [path, '0'])
    await child.lines(5)
    await child.kill()
    copyFileSync(`${path}-wal`, join(folder.path, 'other.db-wal'))
    path = join(folder.path, 'other.db')
    await expect(use(mode)).rejects.toMatchObject({
      code: 'StoreCorrupt',
      message: expect.stringContaining('-wal'),
    })
    expect(readdirSync(folder.path)).not.toContain('other.db')
  })

  test('a folder in its place is refused', async () => {
    mkdirSync(path)
    await expect(use(mode)).rejects.toMatchObject({ code: 'StoreUnavailable' })
  })

  test('a file in the place of its folder is refused', async () => {
    writeFileSync(path, '')
    path = join(path, 'state.db')
    await expect(use(mode)).rejects.toMatchObject({ code: 'StoreUnavailable' })
  })
})

test('random damage anywhere is refused or harmless, never an empty or a changed store', async () => {
  await fill()
  const whole = readFileSync(path)
  const expected = await contentOf(await openFile(path, 'read'))
  let refused = 0
  for (let step = 0; step < 120; step += 1) {
    // Spread over the whole file, the header and the first pages more densely.
    const offset = step < 40 ? step * 110 : Math.floor((whole.length - 64) * ((step - 40) / 80))
    writeFileSync(path, whole)
    overwrite(offset, Buffer.alloc(24, 0xe5))
    try {
      const found = await contentOf(await openFile(path, 'read'))
      expect(found).toEqual(expected)
    } catch (error) {
      expect(Object.keys(errorCatalogue)).toContain((error as { readonly code: string }).code)
      refused += 1
    }
  }
  expect(refused).toBeGreaterThan(40)
})

async function contentOf(store: Store): Promise<unknown> {
  try {
    return await store.list({ collection: 'thing' })
  } finally {
    await store.close()
  }
}

test('a full disk refuses the commit, keeps what was, and takes commits again when there is room', async () => {
  const open = (maxPages: number) =>
    openSqliteStore({ path, mode: 'write', clock: realClock, random: realRandom, maxPages })
  const store = await open(40)
  let kept = 0
  try {
    const add = () =>
      store.commit([{ type: 'put', collection: 'thing', key: `k${kept}`, value: 'x'.repeat(10_000) }])
    const fillUp = async () => {
      for (;;) {
        await add()
        kept += 1
      }
    }
    await expect(fillUp()).rejects.toMatchObject({ code: 'StoreFull', hint: expect.stringContaining('room') })
    expect(kept).toBeGreaterThan(5)
    expect(await store.list({ collection: 'thing' })).toHaveLength(kept)
    await store.commit([{ type: 'delete', collection: 'thing', key: 'k0' }])
    await add()
  } finally {
    await store.close()
  }
  const again = await open(400)
  expect(await again.list({ collection: 'thing' })).toHaveLength(kept)
  await again.close()
})

test('a file that another holds for too long is busy, not waited for for ever', async () => {
  await fill()
  const store = await openFile(path)
  const holder = new DatabaseSync(path)
  holder.exec('BEGIN IMMEDIATE')
  try {
    await expect(
      store.commit([{ type: 'put', collection: 'thing', key: 'a', value: 1 }]),
    ).rejects.toMatchObject({
      code: 'StoreBusy',
    })
    holder.exec('ROLLBACK')
    await store.commit([{ type: 'put', collection: 'thing', key: 'a', value: 1 }])
  } finally {
    holder.close()
    await store.close()
  }
})

/** Root may write everywhere, so the program that is refused runs as nobody where we are root. */
const stranger = process.getuid?.() === 0 ? { uid: 65534 } : {}

test.each([
  ['file', 0o700, 0o444],
  ['folder', 0o555, 0o666],
])('a %s that may not be written is refused for writing', async (_, folderMode, fileMode) => {
  await fill()
  chmodSync(path, fileMode)
  chmodSync(folder.path, folderMode | 0o055)
  try {
    const child = start(new URL('./children/open.ts', import.meta.url), [path, 'write'], stranger)
    await child.ended()
    expect(child.output()).toBe('StoreReadOnly')
  } finally {
    chmodSync(folder.path, 0o700)
  }
})

test('a store in a folder where nothing can be created is refused for writing', async () => {
  chmodSync(folder.path, 0o555)
  try {
    const child = start(new URL('./children/open.ts', import.meta.url), [path, 'write'], stranger)
    await child.ended()
    expect(child.output()).toBe('StoreReadOnly')
  } finally {
    chmodSync(folder.path, 0o700)
  }
})

test('a new store is for its owner alone, and one that was opened to others is closed to them', async () => {
  path = join(folder.path, 'new', 'state.db')
  const store = await openFile(path)
  await store.commit([{ type: 'put', collection: 'thing', key: 'a', value: 1 }])
  const modes = () =>
    readdirSync(join(folder.path, 'new'))
      .filter((name) => name !== '.gitignore')
      .map((name) => statSync(join(folder.path, 'new', name)).mode & 0o777)
  expect(statSync(join(folder.path, 'new')).mode & 0o777).toBe(0o700)
  expect(modes()).toEqual([0o600, 0o600, 0o600])
  await store.close()
  chmodSync(path, 0o644)
  await (await openFile(path)).close()
  expect(modes()).toEqual([0o600])
})

test('commits are flushed to the disk before they are acknowledged', async () => {
  await fill()
  // What SQLite is told to do is a matter of each connection: so the store's own are asked.
  const exec = vi.spyOn(DatabaseSync.prototype, 'exec')
  const store = await openFile(path)
  try {
    const connections = [...new Set(exec.mock.contexts as DatabaseSync[])].filter(({ isOpen }) => isOpen)
    expect(connections).toHaveLength(1)
    for (const database of connections) {
      expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
      // 2 is FULL, https://www.sqlite.org/pragma.html#pragma_synchronous.
      expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
      expect(database.prepare('PRAGMA fullfsync').get()).toEqual({ fullfsync: 1 })
      expect(database.prepare('PRAGMA checkpoint_fullfsync').get()).toEqual({ checkpoint_fullfsync: 1 })
    }
  } finally {
    exec.mockRestore()
    await store.close()
  }
})

test('a folder that is made for the state keeps itself out of git, and nobody’s folder is written to', async () => {
  const own = await openFile(join(folder.path, 'made', 'state.db'))
  await own.close()
  expect(readFileSync(join(folder.path, 'made', '.gitignore'), 'utf8')).toBe('*\n')
  mkdirSync(join(folder.path, 'known'))
  const known = await openFile(join(folder.path, 'known', 'state.db'))
  await known.close()
  expect(readdirSync(join(folder.path, 'known'))).not.toContain('.gitignore')
  mkdirSync(join(folder.path, '.reconcile'))
  writeFileSync(join(folder.path, '.reconcile', '.gitignore'), 'state.db\n')
  const said = await openFile(join(folder.path, '.reconcile', 'state.db'))
  await said.close()
  expect(readFileSync(join(folder.path, '.reconcile', '.gitignore'), 'utf8')).toBe('state.db\n')
})

test('a step of migration that fails leaves the file as it was; those that succeed are counted', async () => {
  await fill()
  edit((database) => {
    const steps = [...migrations, 'CREATE TABLE more (a TEXT) STRICT', 'CREATE TABLE records (a TEXT) STRICT']
    expect(() => migrate(database, 1, steps)).toThrow(/already exists/)
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
    migrate(database, 1, steps.slice(0, 2))
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 })
    expect(database.prepare('SELECT count(*) AS rows FROM records').get()).toEqual({ rows: 600 })
  })
  await expect(use('write')).rejects.toMatchObject({ code: 'StoreNewer' })
})

test.each([
  ['3.7.0', false],
  ['3.45.1', false],
  ['3.51.2', false],
  ['3.51.3', true],
  ['3.53.4', true],
  ['4.0.0', true],
])('SQLite %s counts as free of the fault that damages logs: %s', (version, isSafe) => {
  expect(isSqliteSafe(version)).toBe(isSafe)
})

test.each([
  ['taken away', () => rmSync(path)],
  [
    'replaced by another one',
    () => {
      copyFileSync(path, `${path}.copy`)
      renameSync(`${path}.copy`, path)
    },
  ],
])(
  'a file that was %s while it is in use takes no more commits: nobody else would read them',
  async (fate, move) => {
    const store = await openFile(path)
    const write = { type: 'put' as const, collection: 'thing', key: 'a', value: 1 }
    await store.commit([write])
    move()
    await expect(store.commit([write])).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringContaining(fate),
    })
    await store.close()
  },
)

test.each([
  ['EACCES', 'StoreReadOnly', 'permission denied'],
  ['EROFS', 'StoreReadOnly', 'the file system is read-only'],
  ['ENOSPC', 'StoreFull', 'no space is left on the disk'],
])(
  'what the file system refuses with %s is told in words, and the file is named once',
  (system, code, why) => {
    const error = Object.assign(new Error(`${system}: whatever, mkdir '/srv/.reconcile'`), { code: system })
    expect(storeError(error, '/srv/.reconcile/state.db')).toMatchObject({
      code,
      message: `Cannot use the state file /srv/.reconcile/state.db: ${why}`,
    })
  },
)
