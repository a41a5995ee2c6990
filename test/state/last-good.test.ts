import { beforeEach, expect, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import { openLastGood } from '../../src/state/last-good.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { takeFence } from './fixtures.ts'

let store: Store
beforeEach(() => {
  store = openMemoryStore()
})

const texts = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries))
const whole = (entries: Readonly<Record<string, string>>) => ({ texts: texts(entries), isWhole: true })

test('holds exactly what was saved last, each environment for itself', async () => {
  const lease = await takeFence(store)
  const base = openLastGood({ store, environment: undefined, lease })
  const production = openLastGood({ store, environment: 'production', lease })
  await base.save(whole({ '/m/a.yaml': '[1]', '/m/ö 😀.yaml': '[2]' }))
  await production.save(whole({ '/m/a.yaml': '[3]' }))
  expect(await base.load()).toEqual(texts({ '/m/a.yaml': '[1]', '/m/ö 😀.yaml': '[2]' }))
  await base.save(whole({ '/m/a.yaml': '[4]' }))
  expect(await base.load()).toEqual(texts({ '/m/a.yaml': '[4]' }))
  expect(await openLastGood({ store, environment: 'production' }).load()).toEqual(
    texts({ '/m/a.yaml': '[3]' }),
  )
})

test('keeps what was not read where only some of the files were', async () => {
  const lastGood = openLastGood({ store, environment: undefined, lease: await takeFence(store) })
  await lastGood.save(whole({ '/m/a.yaml': '[1]', '/m/c.yaml': '[2]' }))
  await lastGood.save({ texts: texts({ '/m/a.yaml': '[3]' }), isWhole: false })
  expect(await lastGood.load()).toEqual(texts({ '/m/a.yaml': '[3]', '/m/c.yaml': '[2]' }))
})

test('saving the same again writes nothing', async () => {
  const lastGood = openLastGood({ store, environment: undefined, lease: await takeFence(store) })
  await lastGood.save(whole({ '/m/a.yaml': '[1]' }))
  const revision = await store.commit([])
  await lastGood.save(whole({ '/m/a.yaml': '[1]' }))
  expect(await store.commit([])).toBe(revision)
})

test('saving needs a lease that is still held', async () => {
  const lease = await takeFence(store)
  await takeFence(store)
  const lost = openLastGood({ store, environment: undefined, lease })
  await expect(lost.save(whole({ '/m/a.yaml': '[1]' }))).rejects.toMatchObject({
    code: 'ConflictingRevision',
  })
  const reading = openLastGood({ store, environment: undefined })
  await expect(reading.save(whole({ '/m/a.yaml': '[1]' }))).rejects.toThrow(TypeError)
  expect(await reading.load()).toEqual(new Map())
})

test('no text can be read in the store, and none is taken that was changed or moved', async () => {
  const lastGood = openLastGood({ store, environment: undefined, lease: await takeFence(store) })
  const text = 'env: { PASSWORD: hunter2hunter2 }'
  await lastGood.save(whole({ '/m/a.yaml': text, '/m/b.yaml': text }))
  const [a, b] = await store.list({ collection: 'last-good' })
  if (!a || !b) throw new Error('Expected two records')
  for (const { value } of [a, b]) {
    expect(Buffer.from(String(value), 'base64').toString('latin1')).not.toContain('hunter2')
    expect(value).not.toContain('hunter2')
  }
  expect(a.value).not.toBe(b.value)
  await store.commit([{ ...a, type: 'put', value: b.value }])
  await expect(lastGood.load()).rejects.toMatchObject({ code: 'StoreCorrupt' })
})

test('what an older version kept in clear is read, and sealed with the next saving', async () => {
  const lease = await takeFence(store)
  await store.commit([{ type: 'put', collection: 'last-good', key: '//m/a.yaml', value: '[1]' }])
  const lastGood = openLastGood({ store, environment: undefined, lease })
  expect(await lastGood.load()).toEqual(texts({ '/m/a.yaml': '[1]' }))
  await lastGood.save(whole({ '/m/a.yaml': '[1]' }))
  const [entry] = await store.list({ collection: 'last-good' })
  expect(entry?.value).not.toBe('[1]')
  expect(await lastGood.load()).toEqual(texts({ '/m/a.yaml': '[1]' }))
})
