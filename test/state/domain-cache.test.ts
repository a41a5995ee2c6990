import { expect, it } from 'vitest'
import type { DomainCache } from '../../src/core/reconciler.ts'
import { openDomainCache } from '../../src/state/domain-cache.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'

const lease = { guard: () => ({ collection: 'lease', key: 'nobody', revision: 0 }) }
const names = Array.from({ length: 130 }, (_, index) => `etag/${index}`)

async function read(cache: DomainCache): Promise<readonly unknown[]> {
  const values = await Promise.all([...names, 'other'].map((name) => cache.get(name)))
  return values.filter((value) => value !== undefined)
}

it('lists the values under one beginning, of its own alone, also in a dry run and over many pages', async () => {
  const store = openMemoryStore(createMemoryDisk())
  const entries = new Map<string, number>([
    ...names.map((name, index) => [name, index] as const),
    ['other', 7],
  ])
  await openDomainCache({ store, kind: 'One', lease }).put(entries)
  await openDomainCache({ store, kind: 'Other', lease }).put(new Map([['etag/0', 999]]))
  const listed = await openDomainCache({ store, kind: 'One', lease: undefined }).list('etag/')
  expect(listed).toEqual([...names].sort().map((name) => entries.get(name)))
})

it('forgets what a domain does not keep any more, of its own, under one beginning, and not in a dry run', async () => {
  const store = openMemoryStore(createMemoryDisk())
  const [one, other] = ['One', 'Other'].map((kind) => openDomainCache({ store, kind, lease })) as [
    DomainCache,
    DomainCache,
  ]
  const entries = new Map<string, number>([
    ...names.map((name, index) => [name, index] as const),
    ['other', 7],
  ])
  await one.put(entries)
  await other.put(entries)
  const isOdd = (value: unknown) => Number(value) % 2 === 1
  await openDomainCache({ store, kind: 'One', lease: undefined }).prune('etag/', isOdd)
  expect(await read(one)).toHaveLength(131)
  await one.prune('etag/', isOdd)
  expect(await read(one)).toEqual([...names.keys(), 7].filter(isOdd))
  expect(await read(other)).toHaveLength(131)
})
