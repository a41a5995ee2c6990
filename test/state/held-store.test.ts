import { beforeEach, describe, expect, test } from 'vitest'
import { SecretMask } from '../../src/core/secret-mask.ts'
import type { Json, Store } from '../../src/core/store.ts'
import { toJson } from '../../src/state/codec.ts'
import { type HeldStore, holdInMemory } from '../../src/state/held-store.ts'
import { withoutSecrets } from '../../src/state/masked-store.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'

const collections = { own: new Set(['own']), shared: new Set(['shared']) }

const putting = (collection: string, key: string, value: Json) => ({
  type: 'put' as const,
  collection,
  key,
  value,
})

let others: Store
/** What was asked of the store below. */
let asked: string[]
/** Commits of the store below wait for it. */
let gate: Promise<void>
let held: HeldStore

beforeEach(() => {
  const disk = createMemoryDisk()
  others = openMemoryStore(disk)
  const below = openMemoryStore(disk)
  asked = []
  gate = Promise.resolve()
  const counted: Store = {
    ...below,
    get: (key) => {
      asked.push(`get ${key.collection}`)
      return below.get(key)
    },
    list: (query) => {
      asked.push(`list ${query.collection}`)
      return below.list(query)
    },
    commit: async (...args) => {
      await gate
      return below.commit(...args)
    },
  }
  held = holdInMemory(counted, collections)
})

const valuesOf = async (collection: string) =>
  (await held.list({ collection })).map(({ key, value }) => [key, value])

describe('what only the holder writes', () => {
  test('is read once, and after that as he wrote it', async () => {
    await others.commit([putting('own', 'a', 1), putting('own', 'b', 1)])
    expect(await valuesOf('own')).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    const revision = await held.commit([
      putting('own', 'c', { deep: [1] }),
      { type: 'delete', collection: 'own', key: 'a' },
      putting('elsewhere', 'a', 1),
    ])
    expect(await valuesOf('own')).toEqual([
      ['b', 1],
      ['c', { deep: [1] }],
    ])
    expect(await held.get({ collection: 'own', key: 'c' })).toMatchObject({ revision })
    expect(await held.get({ collection: 'own', key: 'a' })).toBeUndefined()
    expect(asked).toEqual(['list own'])
    expect(await held.list({ collection: 'own' })).toEqual(await others.list({ collection: 'own' }))
  })

  test('is kept as it is where nobody can change it, and else as a copy', async () => {
    const firm = toJson({ deep: [{ one: 1 }] })
    const inner = [1]
    const loose = Object.freeze({ inner })
    await valuesOf('own')
    await held.commit([putting('own', 'firm', firm), putting('own', 'loose', loose)])
    inner.push(2)
    expect((await held.get({ collection: 'own', key: 'firm' }))?.value).toBe(firm)
    expect((await held.get({ collection: 'own', key: 'loose' }))?.value).toEqual({ inner: [1] })
  })

  test.each(['ConflictingRevision', 'an error of the store'])('is read anew after %s', async (why) => {
    await valuesOf('own')
    await others.commit([putting('own', 'a', 'of another')])
    const isConflict = why === 'ConflictingRevision'
    if (!isConflict) gate = Promise.reject(new Error('the disk is full'))
    const revision = isConflict ? 999 : 0
    const refused = held.commit([putting('own', 'b', 1)], [{ collection: 'token', key: 't', revision }])
    await expect(refused).rejects.toThrow()
    expect(await valuesOf('own')).toEqual([['a', 'of another']])
  })

  test('is what was written last, of what is written at once', async () => {
    await valuesOf('own')
    await Promise.all([1, 2, 3].map((value) => held.commit([putting('own', 'a', value)])))
    expect(await valuesOf('own')).toEqual([['a', 3]])
    expect(await others.list({ collection: 'own' })).toEqual(await held.list({ collection: 'own' }))
  })

  test('is not remembered from a reading across which it was written', async () => {
    const open = Promise.withResolvers<void>()
    gate = open.promise
    const writing = held.commit([putting('own', 'a', 1)])
    const reading = held.list({ collection: 'own' })
    open.resolve()
    await Promise.all([writing, reading])
    expect(await valuesOf('own')).toEqual([['a', 1]])
  })

  test('is remembered without the secrets that are not kept', async () => {
    const mask = new SecretMask()
    mask.add('hunter2hunter2')
    const inner = openMemoryStore()
    const own = holdInMemory(withoutSecrets(inner, mask), collections)
    await own.list({ collection: 'own' })
    await own.commit([putting('own', 'a', { message: 'with hunter2hunter2' })])
    expect((await own.get({ collection: 'own', key: 'a' }))?.value).toEqual({ message: 'with ***' })
    expect(await own.list({ collection: 'own' })).toEqual(await inner.list({ collection: 'own' }))
  })
})

describe('what people write', () => {
  test('is read again as soon as somebody else wrote anything, and only then', async () => {
    expect(await valuesOf('shared')).toEqual([])
    await held.commit([putting('own', 'a', 1)])
    await held.commit([putting('own', 'a', 2)])
    expect(await valuesOf('shared')).toEqual([])
    expect(asked).toEqual(['list shared'])
    await others.commit([putting('shared', 'a', 'stop')])
    expect(await valuesOf('shared')).toEqual([['a', 'stop']])
    expect(asked).toEqual(['list shared', 'list shared'])
  })

  test('is heard although the holder wrote after it', async () => {
    await valuesOf('shared')
    await others.commit([putting('shared', 'a', 'stop')])
    await held.commit([putting('own', 'a', 1)])
    expect(await valuesOf('shared')).toEqual([['a', 'stop']])
  })
})
