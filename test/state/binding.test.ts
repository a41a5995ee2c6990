import { beforeEach, expect, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import { bindStore, checkBinding, readBinding } from '../../src/state/binding.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { takeFence } from './fixtures.ts'

let store: Store
beforeEach(() => {
  store = openMemoryStore()
})

const base = { folder: '/srv/manifests', environment: '' }

test('a new store takes any folder, remembers the first, and refuses others', async () => {
  await checkBinding(store, base)
  expect(await readBinding(store)).toBeUndefined()
  await bindStore(store, base, await takeFence(store))
  await checkBinding(store, base)
  await expect(checkBinding(store, { ...base, folder: '/tmp/else' })).rejects.toMatchObject({
    code: 'StoreBound',
    message: expect.stringContaining('/srv/manifests, not /tmp/else'),
    hint: expect.stringContaining('--rebind'),
  })
  await expect(checkBinding(store, { ...base, environment: 'production' })).rejects.toMatchObject({
    code: 'StoreBound',
    message: expect.stringContaining('no environment, not the environment production'),
  })
})

test('binding it anew is what a person said, and the old place is refused then', async () => {
  await bindStore(store, base, await takeFence(store))
  const moved = { folder: '/srv/new', environment: 'production' }
  await bindStore(store, moved, await takeFence(store))
  await checkBinding(store, moved)
  await expect(checkBinding(store, base)).rejects.toMatchObject({ code: 'StoreBound' })
})

test('binding what is bound already writes nothing', async () => {
  const lease = await takeFence(store)
  await bindStore(store, base, lease)
  const revision = await store.commit([])
  await bindStore(store, base, lease)
  expect(await store.commit([])).toBe(revision)
})

test('needs the lease', async () => {
  const lease = await takeFence(store)
  await takeFence(store)
  await expect(bindStore(store, base, lease)).rejects.toMatchObject({ code: 'ConflictingRevision' })
  expect(await readBinding(store)).toBeUndefined()
})
