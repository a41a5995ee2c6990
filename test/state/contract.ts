import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Json, Store } from '../../src/core/store.ts'

/** What the contract needs of an implementation. */
export interface StoreFixture {
  /** Opens the same store once more, as a second program would. */
  open(): Promise<Store>
  dispose(): Promise<void>
}

/** What every store must hold to, wherever it lives. */
export function describeStore(name: string, create: () => Promise<StoreFixture>): void {
  describe(`${name} holds to the store contract`, () => {
    let fixture: StoreFixture
    let store: Store
    beforeEach(async () => {
      fixture = await create()
      store = await fixture.open()
    })
    afterEach(async () => {
      await store.close()
      await fixture.dispose()
    })

    const put = (key: string, value: Json, expected?: number) =>
      store.commit([
        { type: 'put', collection: 'thing', key, value, ...(expected === undefined ? {} : { expected }) },
      ])
    const get = (key: string) => store.get({ collection: 'thing', key })
    const keys = async (query: object) =>
      (await store.list({ collection: 'thing', ...query })).map((entry) => entry.key)

    test('has an id and a secret key, the same for everybody who opens it', async () => {
      const second = await fixture.open()
      try {
        expect(store.id).toMatch(/^[a-z0-9]+$/)
        expect(store.secretKey).toMatch(/^[0-9a-f]{64}$/)
        expect([second.id, second.secretKey]).toEqual([store.id, store.secretKey])
      } finally {
        await second.close()
      }
    })

    test('has nothing under a key that was never put', async () => {
      expect(await get('a')).toBeUndefined()
      expect(await keys({})).toEqual([])
    })

    test.each<[string, Json]>([
      ['null', null],
      ['a text with every kind of character', 'a\u0000\u001b[31m\u202e"\\ü漢😀'],
      ['a lone surrogate, which UTF-8 cannot hold', '\ud800'],
      ['numbers to their last bit', [0.1, 1e308, -9007199254740991]],
      ['nested values', { list: [{ deep: [true, false, null] }], '': {} }],
      ['a key that is special to objects', JSON.parse('{"__proto__": 1}')],
    ])('gives back %s as it was put', async (_, value) => {
      const revision = await put('a', value)
      expect(await get('a')).toEqual({ collection: 'thing', key: 'a', value, revision })
    })

    test('keeps what was put apart from what the caller changes later', async () => {
      const value = { list: [1] }
      await put('a', value)
      value.list.push(2)
      expect((await get('a'))?.value).toEqual({ list: [1] })
    })

    test('gives every put of a commit the same revision, above all earlier ones', async () => {
      const first = await put('a', 1)
      const second = await store.commit([
        { type: 'put', collection: 'thing', key: 'b', value: 1 },
        { type: 'put', collection: 'other', key: 'c', value: 1 },
      ])
      expect(second).toBeGreaterThan(first)
      expect((await get('b'))?.revision).toBe(second)
      expect((await store.get({ collection: 'other', key: 'c' }))?.revision).toBe(second)
      expect((await get('a'))?.revision).toBe(first)
    })

    test('tells the revision of the newest commit of anybody, and none of what was refused', async () => {
      const second = await fixture.open()
      try {
        expect(await store.revision()).toBe(await second.revision())
        const first = await put('a', 1)
        expect([await store.revision(), await second.revision()]).toEqual([first, first])
        const gone = await second.commit([{ type: 'delete', collection: 'thing', key: 'a' }])
        await expect(put('a', 1, 999)).rejects.toMatchObject({ code: 'ConflictingRevision' })
        expect(await store.revision()).toBe(gone)
      } finally {
        await second.close()
      }
    })

    test('never gives a revision twice, not even to a record that was deleted', async () => {
      const first = await put('a', 1)
      await store.commit([{ type: 'delete', collection: 'thing', key: 'a' }])
      expect(await put('a', 1, 0)).toBeGreaterThan(first)
      await expect(put('a', 2, first)).rejects.toMatchObject({ code: 'ConflictingRevision' })
    })

    test('writes where the expected revision is the present one', async () => {
      const revision = await put('a', 1, 0)
      await put('a', 2, revision)
      expect((await get('a'))?.value).toBe(2)
    })

    test.each([
      ['a record that should not exist does', { a: 0 }],
      ['a record has another revision', { a: 999 }],
      ['a record that should exist does not', { b: 1 }],
    ])('refuses the whole commit when %s', async (_, expected) => {
      await put('a', 1)
      for (const [key, revision] of Object.entries(expected)) {
        const writes = [
          { type: 'put' as const, collection: 'thing', key: 'other', value: 1 },
          { type: 'put' as const, collection: 'thing', key, value: 2, expected: revision },
        ]
        await expect(store.commit(writes)).rejects.toMatchObject({
          code: 'ConflictingRevision',
          message: expect.stringContaining(`thing ${key}`),
        })
        const precondition = { collection: 'thing', key, revision }
        await expect(store.commit(writes.slice(0, 1), [precondition])).rejects.toMatchObject({
          code: 'ConflictingRevision',
        })
      }
      expect(await keys({})).toEqual(['a'])
      expect((await get('a'))?.value).toBe(1)
    })

    test('checks what a delete expects, and deletes what is not there without complaint', async () => {
      const revision = await put('a', 1)
      const remove = (expected?: number) =>
        store.commit([
          { type: 'delete', collection: 'thing', key: 'a', ...(expected === undefined ? {} : { expected }) },
        ])
      await expect(remove(revision + 1)).rejects.toMatchObject({ code: 'ConflictingRevision' })
      await remove(revision)
      await remove()
      expect(await get('a')).toBeUndefined()
    })

    test('checks preconditions without writing anything', async () => {
      const revision = await put('a', 1)
      await store.commit([], [{ collection: 'thing', key: 'a', revision }])
      await expect(store.commit([], [{ collection: 'thing', key: 'a', revision: 0 }])).rejects.toMatchObject({
        code: 'ConflictingRevision',
      })
      expect((await get('a'))?.revision).toBe(revision)
    })

    test('lets the last of two writes to one key win, both checked against the record before', async () => {
      await store.commit([
        { type: 'put', collection: 'thing', key: 'a', value: 1, expected: 0 },
        { type: 'put', collection: 'thing', key: 'a', value: 2, expected: 0 },
      ])
      expect((await get('a'))?.value).toBe(2)
    })

    test('lists in the order of code points, within bounds', async () => {
      const sorted = ['/a', 'A', 'a', 'a/', 'a/1', 'a/2', 'a/😀', 'b', 'z', 'é', '\uffee', '😀']
      for (const key of sorted.toReversed()) await put(key, key)
      await store.commit([{ type: 'put', collection: 'thing-2', key: 'a/3', value: 1 }])
      expect(await keys({})).toEqual(sorted)
      expect(await keys({ reverse: true })).toEqual(sorted.toReversed())
      expect(await keys({ prefix: 'a/' })).toEqual(['a/', 'a/1', 'a/2', 'a/😀'])
      expect(await keys({ prefix: 'a/', reverse: true })).toEqual(['a/😀', 'a/2', 'a/1', 'a/'])
      expect(await keys({ prefix: 'a/', after: 'a/1' })).toEqual(['a/2', 'a/😀'])
      expect(await keys({ prefix: 'a/', after: 'a/2', reverse: true })).toEqual(['a/1', 'a/'])
      expect(await keys({ prefix: 'a/', limit: 2 })).toEqual(['a/', 'a/1'])
      expect(await keys({ prefix: 'a/', limit: 1, reverse: true })).toEqual(['a/😀'])
      expect(await keys({ after: 'a/15' })).toEqual(['a/2', 'a/😀', 'b', 'z', 'é', '\uffee', '😀'])
      expect(await keys({ after: '😀' })).toEqual([])
      expect(await keys({ prefix: 'nothing' })).toEqual([])
      expect(await keys({ limit: 0 })).toEqual([])
    })

    test.each([
      ['an empty key', 'thing', ''],
      ['a control character', 'thing', 'a\nb'],
      ['a NUL', 'thing', 'a\u0000'],
      ['a lone surrogate', 'thing', '\ud800'],
      ['a collection with capitals', 'Thing', 'a'],
    ])('refuses %s in an address', async (_, collection, key) => {
      await expect(store.commit([{ type: 'put', collection, key, value: 1 }])).rejects.toThrow(TypeError)
      expect(await keys({})).toEqual([])
    })

    test('shows what another wrote, and refuses what rests on what it replaced', async () => {
      const second = await fixture.open()
      try {
        const revision = await put('a', 1)
        expect((await second.get({ collection: 'thing', key: 'a' }))?.value).toBe(1)
        await second.commit([{ type: 'put', collection: 'thing', key: 'a', value: 2, expected: revision }])
        await expect(put('a', 3, revision)).rejects.toMatchObject({ code: 'ConflictingRevision' })
        expect((await get('a'))?.value).toBe(2)
      } finally {
        await second.close()
      }
    })

    test('loses no update of many that are made at once', async () => {
      const second = await fixture.open()
      const countUp = async (through: Store): Promise<void> => {
        for (;;) {
          const entry = await through.get({ collection: 'thing', key: 'count' })
          const value = Number(entry?.value ?? 0) + 1
          const write = { type: 'put' as const, collection: 'thing', key: 'count', value }
          try {
            await through.commit([{ ...write, expected: entry?.revision ?? 0 }])
            return
          } catch (error) {
            expect(error).toMatchObject({ code: 'ConflictingRevision' })
          }
        }
      }
      try {
        await Promise.all(Array.from({ length: 40 }, (_, index) => countUp(index % 2 ? store : second)))
        expect((await get('count'))?.value).toBe(40)
      } finally {
        await second.close()
      }
    })

    test('tells watchers of own commits and of others, and stops when told to', async () => {
      const second = await fixture.open()
      const waitFor = (through: Store) => new Promise<void>((resolve) => through.watch(resolve))
      try {
        const [own, others] = [waitFor(store), waitFor(second)]
        await put('a', 1)
        await Promise.all([own, others])
        let calls = 0
        const stop = store.watch(() => {
          calls += 1
        })
        stop()
        const again = waitFor(store)
        await put('a', 2)
        await again
        expect(calls).toBe(0)
      } finally {
        await second.close()
      }
    })

    test('says so when it is used after it was closed', async () => {
      const second = await fixture.open()
      await second.close()
      await second.close()
      await expect(second.get({ collection: 'thing', key: 'a' })).rejects.toMatchObject({
        code: 'StoreUnavailable',
      })
      await expect(
        second.commit([{ type: 'put', collection: 'thing', key: 'a', value: 1 }]),
      ).rejects.toMatchObject({ code: 'StoreUnavailable' })
    })

    test('keeps everything when it is closed and opened again', async () => {
      const revision = await put('a', { kept: true })
      await store.close()
      store = await fixture.open()
      expect(await get('a')).toEqual({ collection: 'thing', key: 'a', value: { kept: true }, revision })
      expect(await put('b', 1)).toBeGreaterThan(revision)
    })
  })
}
