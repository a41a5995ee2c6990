import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkQueue } from '../../src/engine/queue.ts'
import { SimulatedTime } from '../support/simulated-clock.ts'

function setUp() {
  const time = new SimulatedTime()
  const queue = new WorkQueue<string>(time.clock(), () => 0)
  return { time, queue }
}

describe('a key', () => {
  test('that is added twice is handed out once', async () => {
    const { queue } = setUp()
    queue.add('a')
    queue.add('a')
    expect(await queue.take()).toEqual(['a'])
    queue.done('a')
    expect(queue.size).toBe(0)
  })

  test('that is added while it is worked on is handed out again after, and not before', async () => {
    const { queue } = setUp()
    queue.add('a')
    await queue.take()
    queue.add('a')
    expect(queue.size).toBe(0)
    queue.done('a')
    expect(await queue.take()).toEqual(['a'])
  })

  test.each([
    { reason: 'an earlier time replaces a later one', delays: [100, 50], due: 50 },
    { reason: 'a later time does not replace an earlier one', delays: [50, 100], due: 50 },
    { reason: 'no delay is now', delays: [100, 0], due: 0 },
  ])('$reason', async ({ delays, due }) => {
    const { queue, time } = setUp()
    for (const delay of delays) queue.addAfter('a', delay)
    expect(await time.run(queue.take())).toEqual(['a'])
    expect(time.now).toBe(due)
    queue.done('a')
    await time.pass(1000)
    expect(queue.size).toBe(0)
  })

  test('that fails comes back ever later, and at once after a success', async () => {
    const { queue, time } = setUp()
    const times: number[] = []
    queue.add('a')
    for (let round = 0; round < 20; round += 1) {
      await time.run(queue.take())
      times.push(time.now)
      queue.done('a')
      queue.retry('a')
    }
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.at(-1)).toBe(1_000_000)
    await time.run(queue.take())
    queue.done('a')
    queue.forget('a')
    const before = time.now
    queue.retry('a')
    await time.run(queue.take())
    expect(time.now - before).toBe(5)
  })
})

test('a closed queue hands out nothing, wakes who waits and leaves no alarm', async () => {
  const { queue, time } = setUp()
  queue.addAfter('late', 1000)
  const waiting = queue.take()
  queue.close()
  expect(await waiting).toEqual([])
  queue.add('a')
  queue.addAfter('a', 5)
  expect(await queue.take()).toEqual([])
  expect(await time.step()).toBe(false)
})

type Step =
  | { readonly type: 'add'; readonly key: string }
  | { readonly type: 'addAfter'; readonly key: string; readonly delay: number }
  | { readonly type: 'finish'; readonly fails: boolean }
  | { readonly type: 'wait'; readonly duration: number }

const key = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('add' as const), key }),
  fc.record({ type: fc.constant('addAfter' as const), key, delay: fc.nat(40) }),
  fc.record({ type: fc.constant('finish' as const), fails: fc.boolean() }),
  fc.record({ type: fc.constant('wait' as const), duration: fc.nat(30) }),
)

test('whatever happens: never two workers on a key, and no add is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { queue, time } = setUp()
      const working: string[] = []
      /** By key: when a worker must have begun on it; adds of one key merge into the earliest. */
      const promised = new Map<string, number>()
      let isOver = false
      const serve = async () => {
        for (;;) {
          const keys = await queue.take()
          if (isOver || keys.length === 0) return
          for (const taken of keys) {
            expect(working).not.toContain(taken)
            working.push(taken)
            promised.delete(taken)
          }
        }
      }
      const serving = Promise.all([serve(), serve()])
      const promise = (added: string, delay: number) => {
        promised.set(added, Math.min(time.now + delay, promised.get(added) ?? Number.POSITIVE_INFINITY))
      }
      const finish = (fails: boolean) => {
        const done = working.shift()
        if (done === undefined) return
        queue.done(done)
        if (fails) queue.retry(done)
        else queue.forget(done)
      }
      for (const one of steps) {
        if (one.type === 'add') {
          queue.add(one.key)
          promise(one.key, 0)
        } else if (one.type === 'addAfter') {
          queue.addAfter(one.key, one.delay)
          promise(one.key, one.delay)
        } else if (one.type === 'finish') finish(one.fails)
        else await time.pass(one.duration)
        await time.pass(0)
        for (const [due, at] of promised) {
          if (at < time.now) expect(working).toContain(due)
        }
      }
      for (let rounds = 0; rounds < 200 && (working.length > 0 || promised.size > 0); rounds += 1) {
        while (working.length > 0) finish(false)
        await time.pass(50)
      }
      expect([...promised.keys()]).toEqual([])
      isOver = true
      queue.close()
      await time.run(serving)
    }),
    { numRuns: 200 },
  )
})

describe('many keys that fail together', () => {
  test('come back together, for one reading', async () => {
    const chances = [0, 0.9, 0.3, 0.6]
    const time = new SimulatedTime()
    const queue = new WorkQueue<string>(time.clock(), () => chances.shift() ?? 0)
    const keys = Array.from({ length: 150 }, (_, n) => `k${n}`)
    for (let round = 0; round < 12; round += 1) {
      queue.retry(...keys)
      expect(await time.run(queue.take())).toHaveLength(keys.length)
      for (const key of keys) queue.done(key)
    }
  })

  test('are tried again at ten a second after the first hundred, as in client-go', async () => {
    const { queue, time } = setUp()
    const keys = Array.from({ length: 150 }, (_, n) => `k${n}`)
    for (const key of keys) queue.retry(key)
    const taken: string[] = []
    while (taken.length < 100) taken.push(...(await time.run(queue.take())))
    expect(time.now).toBeLessThanOrEqual(5)
    while (taken.length < 150) taken.push(...(await time.run(queue.take())))
    expect(time.now).toBe(5_000)
    expect(new Set(taken).size).toBe(150)
  })

  test('have their hundred again after ten quiet seconds', async () => {
    const { queue, time } = setUp()
    for (let n = 0; n < 150; n += 1) queue.retry(`k${n}`)
    await time.pass(20_000)
    await queue.take()
    const before = time.now
    for (let n = 0; n < 100; n += 1) queue.retry(`l${n}`)
    expect(await time.run(queue.take())).toHaveLength(100)
    expect(time.now - before).toBe(5)
  })
})
