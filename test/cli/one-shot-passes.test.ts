import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clients/host/clock.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import type { Json, Store } from '../../src/core/store.ts'
import { openSqliteStore } from '../../src/state/sqlite.ts'
import { callVerb } from '../support/called.ts'
import { removeFolder } from '../support/pm2.ts'

const time = vi.hoisted(() => ({ now: Date.UTC(2026, 2, 1, 12) }))
vi.mock('../../src/clients/host/clock.ts', async (original) => {
  const real = await original<typeof import('../../src/clients/host/clock.ts')>()
  return { ...real, systemClock: { ...real.systemClock, now: () => time.now } }
})

const hour = 3_600_000
const day = 24 * hour

let folder: string
const declareScript = (script: string) =>
  writeFile(
    join(folder, 'manifests/site.yaml'),
    `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: site }\nspec:\n  package: ../package.json\n  scripts: { build: "${script}" }\n`,
  )
const pass = async (...args: string[]) => (await callVerb(folder, args)).status

async function inStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const path = join(folder, '.reconcile/state.db')
  const store = await openSqliteStore({ path, mode: 'write', clock: systemClock, random: systemRandom })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

const oldestEvent = () =>
  inStore(async (store) => (await store.list({ collection: 'event', limit: 1 }))[0]?.key)

/** Puts a record before all others, as one that was left from long ago. */
async function leave(value: Json): Promise<string> {
  const key = '/000000000000000'
  await inStore((store) => store.commit([{ type: 'put', collection: 'event', key, value }]))
  return key
}

const longAgo = { at: 0, type: 'Normal', reason: 'Old', message: 'of long ago', count: 1, firstAt: 0 }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
  await mkdir(join(folder, 'manifests'))
  await writeFile(join(folder, 'package.json'), '{ "name": "site", "scripts": { "build": "old" } }\n')
  await declareScript('echo a')
})
afterEach(() => removeFolder(folder))

test('where no controller lives a pass drops what is older than kept, once an hour', async () => {
  expect(await pass()).toBe(0)
  const first = await oldestEvent()
  time.now += 40 * day
  await declareScript('echo b')
  expect(await pass()).toBe(0)
  expect(await oldestEvent()).toSatisfy((oldest) => oldest > String(first))

  const left = await leave(longAgo)
  time.now += hour - 1
  expect(await pass()).toBe(0)
  expect(await oldestEvent()).toBe(left)
  time.now += 1
  expect(await pass()).toBe(0)
  expect(await oldestEvent()).not.toBe(left)
})

test('a clock that was set back does not put it off until the old time has come again', async () => {
  expect(await pass()).toBe(0)
  const left = await leave(longAgo)
  time.now -= day
  expect(await pass()).toBe(0)
  expect(await oldestEvent()).not.toBe(left)
})

test('a dry run drops nothing', async () => {
  expect(await pass()).toBe(0)
  const left = await leave(longAgo)
  time.now += 40 * day
  expect(await pass('--dry-run')).toBe(0)
  expect((await callVerb(folder, ['plan'])).status).toBe(0)
  expect(await oldestEvent()).toBe(left)
})

test('a pass whose old records cannot be dropped is what it is, and the next one does not try again at once', async () => {
  expect(await pass()).toBe(0)
  await leave('this is no event')
  time.now += hour
  const first = await callVerb(folder, [])
  expect([first.status, first.err]).toEqual([0, expect.stringContaining('old records could not be dropped')])
  const next = await callVerb(folder, [])
  expect([next.status, next.err]).toEqual([0, ''])
})
