import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import type { Fence } from '../../src/state/fence.ts'
import { createMemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import {
  differingContext,
  openPassAsker,
  openPassInbox,
  type PassAsker,
  type PassContext,
  type PassInbox,
  type PassRequest,
} from '../../src/state/requests.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { takeFence } from './fixtures.ts'

let clock: FakeClock
let store: Store
let asker: PassAsker
let inbox: PassInbox
let lease: Fence
beforeEach(async () => {
  const disk = createMemoryDisk()
  clock = new FakeClock()
  store = openMemoryStore(disk)
  lease = await takeFence(store)
  asker = openPassAsker({ store: openMemoryStore(disk), environment: 'production' })
  inbox = openPassInbox({ store, environment: 'production', lease })
})
afterEach(() => store.close())

const context: PassContext = {
  folder: '/srv/manifests',
  environment: 'production',
  programVersion: '1',
  references: 'd',
}

function requestOf(requestId: string, at = clock.now()): PassRequest {
  return {
    requestId,
    selection: { only: ['Process/api'], labels: { tier: 'core' } },
    allowances: { deletions: 3, hosts: ['https://github.example'], paths: [] },
    requestedBy: { pid: 7, host: 'h' },
    context,
    at,
  }
}

test('a pass is asked for, taken up, answered, and then forgotten', async () => {
  await asker.ask(requestOf('r1'))
  let claimedBy: number | undefined
  const answer = asker.follow('r1', { clock, onClaimed: (pid) => (claimedBy = pid) })
  expect(await inbox.pending()).toEqual([requestOf('r1')])
  expect(await inbox.claim('r1', 42)).toBe(true)
  await settle()
  expect(claimedBy).toBe(42)
  await inbox.answer('r1', { type: 'done', exitCode: 1, result: { text: 'failed' } })
  await settle()
  expect(await answer).toEqual({ type: 'done', exitCode: 1, result: { text: 'failed' } })
  expect(await inbox.pending()).toEqual([])
  expect(await store.list({ collection: 'pass-request' })).toEqual([])
})

test('a refusal names what differs', async () => {
  const own = { ...context, folder: '/elsewhere', references: 'other' }
  expect(differingContext(context, own)).toEqual(['folder', 'references'])
  expect(differingContext(context, context)).toEqual([])
  await asker.ask(requestOf('r1'))
  const answer = asker.follow('r1', { clock })
  await inbox.answer('r1', { type: 'refused', differs: differingContext(context, own) })
  await settle()
  expect(await answer).toEqual({ type: 'refused', differs: ['folder', 'references'] })
})

test('requests wait in the order in which they were made, those of an earlier controller too', async () => {
  for (const id of ['r2', 'r1', 'r3']) await asker.ask(requestOf(id))
  await inbox.claim('r1', 41)
  await inbox.answer('r2', { type: 'done', exitCode: 0, result: null })
  expect((await inbox.pending()).map((request) => request.requestId)).toEqual(['r1', 'r3'])
})

test('an asker who is told to stop takes his request back', async () => {
  await asker.ask(requestOf('r1'))
  const stop = new AbortController()
  const following = expect(asker.follow('r1', { clock, signal: stop.signal })).rejects.toThrow('interrupted')
  await clock.advance(2_000)
  stop.abort(new Error('interrupted'))
  await settle()
  await following
  expect(await inbox.pending()).toEqual([])
  expect(await inbox.claim('r1', 42)).toBe(false)
  await inbox.answer('r1', { type: 'done', exitCode: 0, result: null })
  expect(await store.list({ collection: 'pass-request' })).toEqual([])
})

test('an asker whose controller is gone is told why no answer comes', async () => {
  await asker.ask(requestOf('r1'))
  let isGone = false
  const isHopeless = async () => (isGone ? 'the controller with pid 42 ended' : undefined)
  const following = expect(asker.follow('r1', { clock, isHopeless })).rejects.toMatchObject({
    code: 'LeaseLost',
    message: expect.stringContaining('pid 42 ended'),
  })
  await clock.advance(5_000)
  isGone = true
  await clock.advance(1_000)
  await following
  expect(await inbox.pending()).toEqual([])
})

test('environments do not see each other', async () => {
  await asker.ask(requestOf('r1'))
  expect(await openPassInbox({ store, environment: undefined, lease }).pending()).toEqual([])
})

test.each(['dead', 'unknown'] as const)(
  'what an asker left who is %s is dropped after an hour',
  async (liveness) => {
    const judge = async () => liveness
    await asker.ask(requestOf('r1'))
    await clock.advance(1_800_000)
    await asker.ask(requestOf('r2'))
    expect(await inbox.clean(clock.now(), judge)).toBe(0)
    await clock.advance(1_800_001)
    expect(await inbox.clean(clock.now(), judge)).toBe(1)
    expect((await inbox.pending()).map((request) => request.requestId)).toEqual(['r2'])
  },
)

test('who lives follows what he asked for however long, and gets its answer however late it is seen', async () => {
  const judge = async () => 'alive' as const
  await asker.ask(requestOf('r1'))
  const answer = asker.follow('r1', { clock })
  await inbox.claim('r1', 42)
  await clock.advance(3_700_000)
  expect(await inbox.clean(clock.now(), judge)).toBe(0)
  await inbox.answer('r1', { type: 'done', exitCode: 0, result: null })
  expect(await inbox.clean(clock.now(), judge)).toBe(0)
  await settle()
  expect(await answer).toEqual({ type: 'done', exitCode: 0, result: null })
})

test('a controller that lost its lease neither takes up nor answers', async () => {
  await asker.ask(requestOf('r1'))
  await takeFence(store)
  await expect(inbox.claim('r1', 42)).rejects.toMatchObject({ code: 'ConflictingRevision' })
  await expect(inbox.answer('r1', { type: 'done', exitCode: 0, result: null })).rejects.toMatchObject({
    code: 'ConflictingRevision',
  })
  expect(await inbox.pending()).toHaveLength(1)
})

test('a request of one id is made once', async () => {
  await asker.ask(requestOf('r1'))
  await expect(asker.ask(requestOf('r1'))).rejects.toMatchObject({ code: 'ConflictingRevision' })
})

test('a request that is dropped is pending no more, and only the holder of the lease may drop it', async () => {
  await asker.ask(requestOf('1'))
  const lost: Fence = { guard: () => ({ collection: 'lease-token', key: 'fleet', revision: 999 }) }
  const other = openPassInbox({ store, environment: 'production', lease: lost })
  await expect(other.drop('1')).rejects.toMatchObject({ code: 'ConflictingRevision' })
  expect(await inbox.pending()).toHaveLength(1)
  await inbox.drop('1')
  expect(await inbox.pending()).toEqual([])
})
