import { expect, test } from 'vitest'
import { type ResourceId, resourceId } from '../../../src/core/resource.ts'
import type { Json } from '../../../src/core/store.ts'
import { type DeployRecord, Memories } from '../../../src/reconcilers/function-set/memory.ts'
import { titleOf } from '../../../src/reconcilers/function-set/title.ts'
import { memoryCache } from '../../support/memory-cache.ts'

const site = resourceId('FunctionSet', 'site')

function recordOf(
  count: number,
  owner: { readonly id?: ResourceId; readonly environment?: string } = {},
): DeployRecord {
  const { id = site, environment = '' } = owner
  const title = titleOf(
    { id, fleet: 'acme', environment, store: 'store' },
    { functions: `functions-${count}`, files: 'files', env: '' },
  )
  const holds = { functions: {}, schedules: {}, settings: {}, managed: ['hello'] }
  return { title, fingerprint: `${count}`, ...holds, goodBefore: undefined, unproven: undefined, at: count }
}

test('of each resource the records of its newest deploys are kept, and of what is published', async () => {
  const kept = new Map<string, Json>()
  const memories = new Memories(memoryCache(kept))
  const first = recordOf(1)
  for (let count = 1; count <= 100; count += 1) {
    await memories.keepDeploy(recordOf(count), first.title)
    await memories.keepDeploy(recordOf(count, { environment: 'test' }), undefined)
  }
  const other = recordOf(0, { id: resourceId('FunctionSet', 'other') })
  await memories.keepDeploy(other, undefined)
  expect(kept.size).toBe(21 + 20 + 1)
  for (const known of [memories, new Memories(memoryCache(kept))]) {
    for (const record of [first, recordOf(81), recordOf(100), other])
      expect(await known.deploy(record.title)).toEqual(record)
    expect(await known.deploy(recordOf(80).title)).toBeUndefined()
  }
})

test('what was kept last is known, though the clock was set back', async () => {
  const kept = new Map<string, Json>()
  const memories = new Memories(memoryCache(kept))
  for (let count = 101; count <= 120; count += 1) await memories.keepDeploy(recordOf(count), undefined)
  await memories.keepDeploy(recordOf(1), undefined)
  expect(await new Memories(memoryCache(kept)).deploy(recordOf(1).title)).toEqual(recordOf(1))
})

test('a record that is kept later is found, though somebody looked for it before', async () => {
  const memories = new Memories(memoryCache(new Map()))
  expect(await memories.deploy(recordOf(1).title)).toBeUndefined()
  await memories.keepDeploy(recordOf(1), undefined)
  expect(await memories.deploy(recordOf(1).title)).toEqual(recordOf(1))
})
