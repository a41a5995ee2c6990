import { describe, expect, test } from 'vitest'
import { Slots } from '../../src/engine/slots.ts'
import { SimulatedTime } from '../support/simulated-clock.ts'

const kind = 'Model'
const takes = 1_000

/** Queues so much work of a second each at once, and notes when each begins. */
function queued(count: number, limits: Record<string, number>) {
  const time = new SimulatedTime()
  const clock = time.clock()
  const slots = new Slots((of) => limits[of] ?? 1)
  const begun: { readonly index: number; readonly at: number }[] = []
  const add = (index: number) =>
    slots.take(kind, async () => {
      begun.push({ index, at: time.now })
      await clock.sleep(takes)
    })
  const all = Promise.all(Array.from({ length: count }, (_, index) => add(index)))
  const begins = () => begun.map(({ at }) => at)
  return { time, slots, add, all, begun, begins }
}

describe('what waits for a slot', () => {
  test('is served in the order in which it came, so many at once as the limit says', async () => {
    const { time, all, begun, begins } = queued(5, { [kind]: 2 })
    await time.run(all)
    expect(begun.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    expect(begins()).toEqual([0, 0, 1_000, 1_000, 2_000])
  })

  test.each([
    { title: 'a lower limit', from: 4, to: 1, starts: [0, 0, 0, 0, 1_000, 2_000, 3_000, 4_000] },
    { title: 'a higher limit', from: 1, to: 4, starts: [0, 1_000, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000] },
  ])('heeds $title from the next end on', async ({ from, to, starts }) => {
    const limits = { [kind]: from }
    const { time, all, begins } = queued(8, limits)
    await time.pass(500)
    limits[kind] = to
    await time.run(all)
    expect(begins()).toEqual(starts)
  })

  test('is not overtaken by who comes after the limit was raised', async () => {
    const limits = { [kind]: 1 }
    const { time, add, all, begun } = queued(3, limits)
    await time.pass(500)
    limits[kind] = 2
    const last = add(3)
    await time.run(all)
    await time.run(last)
    expect(begun.map(({ index, at }) => [index, at])).toEqual([
      [0, 0],
      [1, 500],
      [2, 1_000],
      [3, 1_500],
    ])
  })

  test('gets its turn although what had the slot failed', async () => {
    const { time, slots } = queued(0, {})
    const failing = slots.take(kind, async () => {
      throw new Error('it failed')
    })
    const next = slots.take(kind, async () => 'done')
    await expect(failing).rejects.toThrow('it failed')
    expect(await time.run(next)).toBe('done')
  })

  test('does not wait for another kind', async () => {
    const { time, slots, begins } = queued(1, { [kind]: 1 })
    expect(await slots.take('Other', async () => time.now)).toBe(0)
    expect(begins()).toEqual([0])
  })
})
