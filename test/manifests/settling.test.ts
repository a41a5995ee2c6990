import { expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import { Settling, settleTimes } from '../../src/manifests/settling.ts'

/** A clock that stands still until it is moved. */
function makeClock() {
  let now = 0
  const sleepers: { readonly at: number; readonly wake: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (duration, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason))
        sleepers.push({ at: now + duration, wake: () => resolve() })
      }),
  }
  const pass = async (duration: number) => {
    for (const end = now + duration; now < end; ) {
      now += 1
      for (const sleeper of sleepers.filter(({ at }) => at === now)) sleeper.wake()
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    }
  }
  return { clock, pass }
}

test('a burst is one call, when it has been quiet for long enough', async () => {
  const { clock, pass } = makeClock()
  const calls: (readonly string[])[] = []
  const settling = new Settling(clock, (paths) => calls.push(paths))
  settling.notice('/b')
  await pass(settleTimes.quiet - 1)
  settling.notice('/a')
  settling.notice('/b')
  await pass(settleTimes.quiet - 1)
  expect(calls).toEqual([])
  await pass(1)
  expect(calls).toEqual([['/a', '/b']])
  settling.notice('/c')
  await pass(settleTimes.quiet)
  expect(calls).toEqual([['/a', '/b'], ['/c']])
})

test('a burst that never ends is told after the longest wait', async () => {
  const { clock, pass } = makeClock()
  const calls: number[] = []
  const settling = new Settling(clock, () => calls.push(clock.monotonic()))
  for (let save = 0; save < 200; save++) {
    settling.notice('/a')
    await pass(10)
  }
  expect(calls).toEqual([500, 1000, 1500, 2000])
})

test('a stopped one tells nothing', async () => {
  const { clock, pass } = makeClock()
  const calls: (readonly string[])[] = []
  const settling = new Settling(clock, (paths) => calls.push(paths))
  settling.notice('/a')
  settling.stop()
  await pass(1000)
  expect(calls).toEqual([])
})
