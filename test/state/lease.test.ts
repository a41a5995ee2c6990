import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ReconcileError } from '../../src/core/errors.ts'
import type { Store } from '../../src/core/store.ts'
import { type Holder, judgeLiveness, type Liveness } from '../../src/state/holder.ts'
import { type Lease, openLeaseKeeper } from '../../src/state/lease.ts'
import { createMemoryDisk, type MemoryDisk, openMemoryStore } from '../../src/state/memory.ts'
import { FakeClock, settle } from './fake-clock.ts'

let disk: MemoryDisk
let leases: Lease[]
beforeEach(() => {
  disk = createMemoryDisk()
  leases = []
})
afterEach(async () => {
  for (const lease of leases) await lease.release().catch(() => undefined)
})

/** One program with a clock of its own. */
function program(
  pid: number,
  options: { readonly clock?: FakeClock; readonly store?: Store; readonly seen?: Liveness } = {},
) {
  const { clock = new FakeClock(), store = openMemoryStore(disk), seen = 'unknown' } = options
  const holder: Holder = {
    pid,
    startTime: '1',
    bootId: 'b',
    host: 'h',
    role: 'controller',
    since: clock.now(),
  }
  const keeper = openLeaseKeeper({ store, clock, isAlive: () => seen })
  return {
    clock,
    store,
    keeper,
    async acquire(waitFor?: number, signal?: AbortSignal): Promise<Lease> {
      const request = { holder, ...(waitFor === undefined ? {} : { waitFor }), ...(signal ? { signal } : {}) }
      const lease = await keeper.acquire(request)
      leases.push(lease)
      return lease
    },
  }
}

const write = (store: Store, lease: Lease) =>
  store.commit([{ type: 'put', collection: 'thing', key: 'a', value: 1 }], [lease.guard()])

describe('a free lease', () => {
  test('is taken at once, names its holder, and lets him write', async () => {
    const one = program(1)
    const lease = await one.acquire(0)
    expect(await one.keeper.look()).toMatchObject({ holder: { pid: 1, role: 'controller' } })
    await write(one.store, lease)
  })

  test('is taken by one of many who ask at once', async () => {
    const clock = new FakeClock()
    const asked = await Promise.allSettled([1, 2, 3, 4].map((pid) => program(pid, { clock }).acquire(0)))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of asked) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'LeaseHeld' })
    }
  })

  test('is one for each name', async () => {
    const store = openMemoryStore(disk)
    const clock = new FakeClock()
    const { holder } = await program(1, { store, clock }).acquire()
    const other = openLeaseKeeper({ store, clock, isAlive: () => 'alive', name: 'other' })
    leases.push(await other.acquire({ holder, waitFor: 0 }))
  })
})

describe('a held lease', () => {
  test('is refused to whoever does not wait, with the pid that holds it', async () => {
    await program(7).acquire()
    await expect(program(2).acquire(0)).rejects.toMatchObject({
      code: 'LeaseHeld',
      message: expect.stringContaining('a controller with pid 7 on h'),
    })
  })

  test('goes to a waiter as soon as it is released', async () => {
    const [one, two] = [program(1), program(2)]
    const lease = await one.acquire()
    const waiting = two.acquire()
    await two.clock.advance(1_000)
    await lease.release()
    await settle()
    expect((await waiting).holder.pid).toBe(2)
  })

  test('is replaced at once when its holder is provably dead', async () => {
    const lease = await program(1).acquire()
    const two = program(2, { seen: 'dead' })
    const taken = await two.acquire(0)
    expect(taken.token).toBeGreaterThan(lease.token)
    await write(two.store, taken)
    await expect(write(openMemoryStore(disk), lease)).rejects.toMatchObject({ code: 'ConflictingRevision' })
  })

  test.each(['alive', 'unknown'] as const)(
    'is taken from a holder who is %s after 15 s without a sign of life, and not before',
    async (seen) => {
      // His clock stands still: he hangs.
      await program(1).acquire()
      const two = program(2, { seen })
      let taken: Lease | undefined
      const waiting = two.acquire().then((lease) => {
        taken = lease
      })
      await two.clock.advance(14_900)
      expect(taken).toBeUndefined()
      await two.clock.advance(600)
      await waiting
      expect(taken?.holder.pid).toBe(2)
    },
  )

  test('is never taken from a holder who gives signs of life', async () => {
    const clock = new FakeClock()
    const lease = await program(1, { clock }).acquire()
    const waiting = program(2, { clock, seen: 'alive' }).acquire(600_000)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'LeaseHeld' })
    await clock.advance(601_000)
    await refused
    expect(lease.signal.aborted).toBe(false)
    await write(openMemoryStore(disk), lease)
  })

  test('is judged by our own clock: a wall clock that is an hour off changes nothing', async () => {
    const hourAhead = new FakeClock(Date.UTC(2026, 0, 1) + 3_600_000)
    await program(1).acquire()
    const two = program(2, { clock: hourAhead })
    await expect(two.acquire(0)).rejects.toMatchObject({ code: 'LeaseHeld' })
  })

  test('stops being waited for when the waiter is told to', async () => {
    await program(1).acquire()
    const two = program(2)
    const stop = new AbortController()
    const waiting = two.acquire(undefined, stop.signal)
    const ended = expect(waiting).rejects.toThrow('enough')
    await two.clock.advance(1_000)
    stop.abort(new Error('enough'))
    await settle()
    await ended
  })
})

describe('a holder', () => {
  test('who was paused for longer than his lease does nothing when he wakes up', async () => {
    const one = program(1)
    const lease = await one.acquire()
    const two = program(2)
    const waiting = two.acquire()
    await two.clock.advance(16_000)
    await waiting
    one.clock.jump(45_000)
    expect(() => lease.guard()).toThrow(expect.objectContaining({ code: 'LeaseLost' }))
    expect(lease.signal.reason).toMatchObject({ code: 'LeaseLost' })
  })

  test('whose clock did not notice the pause is refused by the store', async () => {
    const one = program(1)
    const lease = await one.acquire()
    const two = program(2, { seen: 'dead' })
    await two.acquire(0)
    await expect(write(one.store, lease)).rejects.toMatchObject({ code: 'ConflictingRevision' })
    await one.clock.advance(5_000)
    expect(lease.signal.reason).toMatchObject({
      code: 'LeaseLost',
      message: expect.stringContaining('another'),
    })
    // A loser's release takes nothing from the winner.
    await lease.release()
    expect(await two.keeper.look()).toMatchObject({ holder: { pid: 2 } })
  })

  test('keeps the lease through failures that end in time, and stops before its end when they do not', async () => {
    const store = openMemoryStore(disk)
    let failure: 'none' | 'error' | 'hang' = 'none'
    const flaky: Store = {
      id: store.id,
      secretKey: store.secretKey,
      location: store.location,
      get: (key) => store.get(key),
      list: (query) => store.list(query),
      revision: () => store.revision(),
      watch: (onChange) => store.watch(onChange),
      close: () => store.close(),
      commit: async (...args) => {
        if (failure === 'hang') return new Promise(() => undefined)
        if (failure === 'error') throw new ReconcileError('StoreFull', 'Cannot write')
        return store.commit(...args)
      },
    }
    for (const kind of ['error', 'hang'] as const) {
      failure = 'none'
      const one = program(1, { store: flaky })
      const lease = await one.acquire()
      await one.clock.advance(60_000)
      if (kind === 'error') {
        failure = kind
        await one.clock.advance(9_000)
        failure = 'none'
        await one.clock.advance(60_000)
        expect(lease.signal.aborted).toBe(false)
      }
      failure = kind
      await one.clock.advance(6_000)
      expect(lease.signal.aborted).toBe(false)
      await one.clock.advance(6_000)
      expect(lease.signal.reason).toMatchObject({ code: 'LeaseLost' })
      failure = 'none'
      await store.commit([
        { type: 'delete', collection: 'lease', key: 'fleet' },
        { type: 'delete', collection: 'lease-token', key: 'fleet' },
      ])
    }
  })

  test('who released it can write no more, not even what was on its way', async () => {
    const one = program(1)
    const lease = await one.acquire()
    const precondition = lease.guard()
    await lease.release()
    await lease.release()
    expect(() => lease.guard()).toThrow(expect.objectContaining({ code: 'LeaseLost' }))
    await expect(
      one.store.commit([{ type: 'put', collection: 'thing', key: 'a', value: 1 }], [precondition]),
    ).rejects.toMatchObject({ code: 'ConflictingRevision' })
    expect(await one.keeper.look()).toBeUndefined()
    expect(lease.signal.aborted).toBe(false)
  })
})

test('whatever pauses, at most one of several holders can write at any moment, and tokens only grow', async () => {
  // A fixed schedule that mixes every kind of pause; each program has a clock of its own.
  const programs = [1, 2, 3].map((pid) => program(pid))
  const held = new Map<number, Lease>()
  const tokens: number[] = []
  for (const [index, each] of programs.entries()) {
    void (async () => {
      for (;;) {
        const lease = await each.acquire()
        tokens.push(lease.token)
        held.set(index, lease)
        await new Promise((resolve) => lease.signal.addEventListener('abort', resolve))
      }
    })().catch(() => undefined)
  }
  for (let step = 0; step < 300; step += 1) {
    for (const [index, { clock }] of programs.entries()) {
      // Each in turn stands still for 25 s of the others' time, then sees all of it at once.
      const isPaused = Math.floor(step / 25) % 4 === index
      if (isPaused) clock.jump(step % 25 === 24 ? 25_000 : 0)
      else await clock.advance(1_000)
    }
    const accepted = []
    for (const [index, lease] of held) {
      try {
        await write(programs[index]?.store ?? openMemoryStore(disk), lease)
        accepted.push(index)
      } catch (error) {
        expect(['LeaseLost', 'ConflictingRevision']).toContain((error as ReconcileError).code)
      }
    }
    expect(accepted.length).toBeLessThanOrEqual(1)
  }
  expect(tokens.length).toBeGreaterThan(3)
  expect(tokens).toEqual(tokens.toSorted((a, b) => a - b))
})

test.each<[string, Partial<Holder>, string | undefined, Liveness]>([
  ['the same process', {}, '55', 'alive'],
  ['a process of another machine', { host: 'other' }, '55', 'unknown'],
  ['a process before the machine was started anew', { bootId: 'old' }, '55', 'dead'],
  ['a process that ended', {}, undefined, 'dead'],
  ['a process whose pid another has now', {}, '99', 'dead'],
])('%s is judged rightly', (_, change, startTime, expected) => {
  const asked: Holder = { pid: 5, startTime: '55', bootId: 'b', host: 'h', role: 'pass', since: 0, ...change }
  expect(judgeLiveness(asked, { host: 'h', bootId: 'b', startTimeOf: () => startTime })).toBe(expected)
})

describe('who looks before he waits', () => {
  test('has waited already for as long as he saw no sign of life', async () => {
    await program(1).acquire()
    const two = program(2)
    expect(await two.keeper.look()).toMatchObject({ holder: { pid: 1 }, isOver: false })
    await two.clock.advance(15_000)
    expect(await two.keeper.look()).toMatchObject({ isOver: true })
    await two.acquire(0)
  })

  test('has waited for nothing where the holder gave a sign of life meanwhile', async () => {
    const one = program(1)
    await one.acquire()
    const two = program(2)
    await two.keeper.look()
    await two.clock.advance(14_000)
    await one.clock.advance(5_000)
    expect(await two.keeper.look()).toMatchObject({ isOver: false })
    await two.clock.advance(14_000)
    expect(await two.keeper.look()).toMatchObject({ isOver: false })
  })

  test('sees at once that a holder is dead', async () => {
    await program(1).acquire()
    expect(await program(2, { seen: 'dead' }).keeper.look()).toMatchObject({ isOver: true })
  })
})

describe('who gives way', () => {
  const later: Holder = {
    pid: 9,
    startTime: '1',
    bootId: 'b',
    host: 'h',
    role: 'pass',
    since: 0,
  }
  const givesWayTo = (found: Holder) => found.role === 'controller'

  test('does not wait for a holder of that kind', async () => {
    await program(1).acquire()
    const asked = program(2).keeper.acquire({ holder: later, givesWayTo })
    await expect(asked).rejects.toMatchObject({ code: 'LeaseHeld' })
  })

  test('takes over from one who is dead all the same', async () => {
    await program(1).acquire()
    const lease = await program(2, { seen: 'dead' }).keeper.acquire({ holder: later, givesWayTo })
    leases.push(lease)
    expect(lease.holder.pid).toBe(9)
  })
})

test('a lease that the disk let nobody renew says so', async () => {
  const store = openMemoryStore(disk)
  let isFull = false
  const bounded: Store = {
    ...store,
    commit: async (...args) => {
      if (isFull) throw new ReconcileError('StoreFull', 'Cannot use the state file: disk full')
      return store.commit(...args)
    },
  }
  const one = program(1, { store: bounded })
  const lease = await one.acquire()
  isFull = true
  await one.clock.advance(15_000)
  expect(lease.signal.reason).toMatchObject({
    code: 'LeaseLost',
    message: expect.stringContaining('disk full'),
  })
})
