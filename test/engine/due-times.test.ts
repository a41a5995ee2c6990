import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueTimes } from '../../src/engine/due-times.ts'

const command = fc.oneof(
  fc.record({ type: fc.constant('set' as const), key: fc.nat(8), at: fc.nat(50) }),
  fc.record({ type: fc.constant('delete' as const), key: fc.nat(8), at: fc.constant(0) }),
  fc.record({ type: fc.constant('take' as const), key: fc.constant(0), at: fc.nat(50) }),
)

test('does what a plain map of earliest times would do', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
      const heap = new DueTimes<number>()
      const naive = new Map<number, number>()
      for (const { type, key, at } of commands) {
        if (type === 'set') {
          heap.set(key, at)
          naive.set(key, Math.min(at, naive.get(key) ?? at))
        } else if (type === 'delete') {
          heap.delete(key)
          naive.delete(key)
        } else {
          const due = [...naive].filter(([, time]) => time <= at).sort((a, b) => a[1] - b[1])
          const taken = heap.takeUntil(at)
          // Keys of one time may come in any order.
          expect(taken.map((one) => naive.get(one))).toEqual(due.map(([, time]) => time))
          expect(new Set(taken)).toEqual(new Set(due.map(([one]) => one)))
          for (const [one] of due) naive.delete(one)
        }
        expect(heap.earliest()).toBe(naive.size === 0 ? undefined : Math.min(...naive.values()))
      }
    }),
    { numRuns: 300 },
  )
})

test('holds no more than a few entries a key, however often its time is moved or taken back', () => {
  const farAhead = 1_000_000
  const due = new DueTimes<string>()
  const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
  for (let round = 0; round < 1_000; round += 1) {
    for (const key of keys) {
      due.set(key, farAhead - round)
      if (round % 2 === 0) due.delete(key)
    }
  }
  expect(due.heldEntries).toBeLessThanOrEqual(300)
  expect(due.earliest()).toBe(farAhead - 999)
  expect(new Set(due.takeUntil(farAhead))).toEqual(new Set(keys))
})
