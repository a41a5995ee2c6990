import { beforeEach, expect, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import { bindStore, checkBinding, readBindings } from '../../src/state/binding.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { takeFence } from './fixtures.ts'

let store: Store
beforeEach(() => {
  store = openMemoryStore()
})

const base = { folder: '/srv/manifests', environment: '' }
const production = { ...base, environment: 'production' }

test('a new store takes any folder, remembers the first, and refuses others', async () => {
  await checkBinding(store, base)
  expect(await readBindings(store)).toEqual([])
  await bindStore(store, base, await takeFence(store))
  await checkBinding(store, base)
  await expect(checkBinding(store, { ...base, folder: '/tmp/else' })).rejects.toMatchObject({
    code: 'StoreBound',
    message: expect.stringContaining('/srv/manifests, not /tmp/else'),
    hint: expect.stringContaining('--rebind'),
  })
  await expect(checkBinding(store, production)).rejects.toMatchObject({
    code: 'StoreBound',
    message: expect.stringContaining('no environment, not the environment production'),
    hint: expect.stringContaining('--rebind once to add'),
  })
})

test('a second environment is added, and both may use it from then on', async () => {
  await bindStore(store, base, await takeFence(store))
  await bindStore(store, production, await takeFence(store))
  expect(await readBindings(store)).toEqual([base, production])
  await checkBinding(store, base)
  await checkBinding(store, production)
  await expect(checkBinding(store, { ...base, environment: 'staging' })).rejects.toMatchObject({
    message: expect.stringContaining(
      'no environment and the environment production, not the environment staging',
    ),
  })
})

test('an environment whose folder moved is bound anew, and its old folder is refused then', async () => {
  await bindStore(store, base, await takeFence(store))
  await bindStore(store, production, await takeFence(store))
  const moved = { ...production, folder: '/srv/new' }
  await expect(checkBinding(store, moved)).rejects.toMatchObject({
    message: expect.stringContaining('/srv/manifests, not /srv/new'),
  })
  await bindStore(store, moved, await takeFence(store))
  expect(await readBindings(store)).toEqual([base, moved])
  await checkBinding(store, moved)
  await checkBinding(store, base)
  await expect(checkBinding(store, production)).rejects.toMatchObject({ code: 'StoreBound' })
})

test('a state of a program that knew one environment alone is read, and goes over to the new form', async () => {
  await store.commit([{ type: 'put', collection: 'binding', key: 'fleet', value: { ...production } }])
  await checkBinding(store, production)
  await expect(checkBinding(store, base)).rejects.toMatchObject({ code: 'StoreBound' })
  await bindStore(store, base, await takeFence(store))
  expect(await readBindings(store)).toEqual([base, production])
  const moved = { ...production, folder: '/srv/new' }
  await bindStore(store, moved, await takeFence(store))
  expect(await readBindings(store)).toEqual([base, moved])
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
  expect(await readBindings(store)).toEqual([])
})
