import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Child, start } from './children/run.ts'
import { openFile, temporaryFolder } from './fixtures.ts'

let folder: ReturnType<typeof temporaryFolder>
let path: string
beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder.path, 'state.db')
})
afterEach(() => folder.remove())

/**
 * Every file with its bytes and the time of its last change; not that of its attributes, because SQLite run by root
 * gives a log to the owner of its database though he has it already.
 */
function snapshot(): unknown {
  return readdirSync(folder.path, { recursive: true, withFileTypes: true }).map((item) => {
    const file = join(item.parentPath, item.name)
    const { mtimeNs, mode } = statSync(file, { bigint: true })
    return [
      file,
      mtimeNs,
      mode,
      item.isFile() ? createHash('sha256').update(readFileSync(file)).digest('hex') : '',
    ]
  })
}

async function readAll(): Promise<readonly string[]> {
  const store = await openFile(path, 'read')
  try {
    await store.get({ collection: 'right', key: 'n0' })
    return (await store.list({ collection: 'right' })).map((entry) => entry.key)
  } finally {
    await store.close()
  }
}

async function fill(): Promise<void> {
  const store = await openFile(path)
  await store.commit([{ type: 'put', collection: 'right', key: 'n0', value: 0 }])
  await store.close()
}

/** A program that made some commits and holds the file. */
async function startWriter(): Promise<Child> {
  const child = start(new URL('./children/commit-forever.ts', import.meta.url), [path, '0', '5'])
  await child.lines(5)
  return child
}

test('reading where there is no store finds an empty one and makes no file', async () => {
  path = join(folder.path, 'no', 'such', 'state.db')
  const before = snapshot()
  const store = await openFile(path, 'read')
  expect([store.id, store.secretKey]).toEqual(['', ''])
  expect(await store.list({ collection: 'right' })).toEqual([])
  expect(await store.get({ collection: 'right', key: 'n0' })).toBeUndefined()
  await store.close()
  expect(snapshot()).toEqual(before)
})

test('reading a store that nobody holds leaves every byte and time as it was', async () => {
  await fill()
  const before = snapshot()
  expect(await readAll()).toEqual(['n0'])
  expect(snapshot()).toEqual(before)
})

test('reading beside a living writer sees its commits and leaves every byte as it was', async () => {
  const child = await startWriter()
  try {
    const before = snapshot()
    expect(await readAll()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
    expect(snapshot()).toEqual(before)
  } finally {
    await child.kill()
  }
})

test('reading what a killed writer left sees its commits and leaves every byte as it was', async () => {
  const child = await startWriter()
  await child.kill()
  expect(readdirSync(folder.path)).toEqual(['state.db', 'state.db-shm', 'state.db-wal'])
  const before = snapshot()
  expect(await readAll()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
  expect(snapshot()).toEqual(before)
})

test('reading what was killed after it began a new log, and before it wrote anything to it, is not held up', async () => {
  const child = await startWriter()
  await child.kill()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(FULL)')
  // The last to close would take log and index away.
  const left = ['', '-wal', '-shm'].map(
    (suffix) => [`${path}${suffix}`, readFileSync(`${path}${suffix}`)] as const,
  )
  database.close()
  for (const [file, bytes] of left) writeFileSync(file, bytes)
  truncateSync(`${path}-wal`, 32)
  const before = snapshot()
  const begun = performance.now()
  expect(await readAll()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
  // SQLite itself tries for ten seconds, and blocks this program meanwhile.
  expect(performance.now() - begun).toBeLessThan(5_000)
  expect(snapshot()).toEqual(before)
})

test('reading a copy that has a log without its index sees the commits and leaves nothing behind', async () => {
  const child = await startWriter()
  await child.kill()
  rmSync(`${path}-shm`)
  const before = snapshot()
  expect(await readAll()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
  expect(snapshot()).toEqual(before)
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('reconciled-read-'))).toEqual([])
})

test('reading goes on while a writer comes, writes, and goes', async () => {
  await fill()
  const reader = await openFile(path, 'read')
  const count = async () => (await reader.list({ collection: 'right' })).length
  expect(await count()).toBe(1)
  const writer = await openFile(path)
  await writer.commit([{ type: 'put', collection: 'right', key: 'n1', value: 1 }])
  expect(await count()).toBe(2)
  await writer.close()
  expect(await count()).toBe(2)
  await reader.close()
})

test('what is opened for reading refuses to write', async () => {
  await fill()
  const store = await openFile(path, 'read')
  await expect(
    store.commit([{ type: 'put', collection: 'right', key: 'n1', value: 1 }]),
  ).rejects.toMatchObject({ code: 'Internal' })
  await store.close()
})

test('a path with characters that mean something in a URI is read like any other', async () => {
  await fill()
  const odd = join(folder.path, 'a b#c?d%20é')
  mkdirSync(odd)
  copyFileSync(path, join(odd, 'state.db'))
  path = join(odd, 'state.db')
  expect(await readAll()).toEqual(['n0'])
})
