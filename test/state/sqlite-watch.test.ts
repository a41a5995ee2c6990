import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ChangeWatch } from '../../src/state/sqlite-watch.ts'
import { FakeClock } from './fake-clock.ts'

let folder: string
let file: string
let clock: FakeClock
/** What a commit by another program changes. */
let version: number
let looks: number
let watch: ChangeWatch
let changes: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watch-'))
  file = join(folder, 'state.db-wal')
  await writeFile(file, '')
  clock = new FakeClock()
  version = looks = changes = 0
})
afterEach(async () => {
  watch.close()
  await rm(folder, { recursive: true })
})

async function start(written?: string): Promise<void> {
  const look = () => {
    looks += 1
    return version
  }
  watch = new ChangeWatch(clock, { look, ...(written !== undefined && { written }) })
  watch.add(() => {
    changes += 1
  })
  await clock.advance(0)
  looks = 0
}

test('looks once a second where writes are told of', async () => {
  await start(file)
  await clock.advance(60_000)
  expect(looks).toBe(60)
})

test('tells of a commit that comes some time after the write that announces it', async () => {
  await start(file)
  await appendFile(file, 'frames')
  await vi.waitFor(() => expect(looks).toBeGreaterThan(0))
  await clock.advance(150)
  expect(changes).toBe(0)
  version = 1
  await clock.advance(150)
  expect(changes).toBe(1)
})

test('looks as seldom as before when nothing came of a write', async () => {
  await start(file)
  await appendFile(file, 'frames')
  await vi.waitFor(() => expect(looks).toBeGreaterThan(0))
  await clock.advance(3 * 150)
  looks = 0
  await clock.advance(10_000)
  expect(looks).toBe(10)
})

test.each([
  ['was told of no file', () => start()],
  ['was told of a file that is not there', () => start(join(folder, 'none'))],
  [
    'was told of a file that was taken away',
    async () => {
      await start(file)
      await rm(file)
      await vi.waitFor(() => expect(looks).toBeGreaterThan(0))
      await clock.advance(3 * 150)
      looks = 0
    },
  ],
])('looks often where it %s', async (_, begin) => {
  await begin()
  await clock.advance(15_000)
  expect(looks).toBe(100)
})

test('tells of a commit that no write announced', async () => {
  await start(file)
  version = 1
  await clock.advance(1000)
  expect(changes).toBe(1)
})

test('looks no more when nobody listens', async () => {
  await start(file)
  watch.close()
  await appendFile(file, 'frames')
  await clock.advance(10_000)
  expect(looks).toBe(0)
})
