import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const file = join(import.meta.dirname, '../../src/cli/small-heap.ts')

/** Megabytes of the space for young objects: at first, and after a moment in which many objects lived for a while. */
function youngSpaceOf(prepare: string): readonly [first: number, later: number] {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { keepHeapSmall } from ${JSON.stringify(file)}
    const young = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 2 ** 20
    ${prepare}
    const first = young()
    const living = []
    for (let index = 0; index < 1_000_000; index += 1) {
      const one = { index }
      if (index % 5 === 0) living.push(one)
    }
    console.log(JSON.stringify([first, young(), living.length]))
  `
  const out = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const [first, later] = JSON.parse(out) as [number, number]
  return [first, later]
}

test('young objects have 8 MB from the start, and no more after a busy moment', () => {
  const [first, later] = youngSpaceOf('keepHeapSmall()')
  expect(first).toBeGreaterThanOrEqual(8)
  expect(first).toBeLessThan(16)
  expect(later).toBe(first)
})

test('without that they begin with less, and end with more', () => {
  const [first, later] = youngSpaceOf('')
  expect(first).toBeLessThan(8)
  expect(later).toBeGreaterThan(8)
})

/** How often all of a heap of so many things was collected while parts of it were replaced again and again. */
function collectionsOf(things: number, prepare: string): number {
  const script = `
    import { PerformanceObserver, constants } from 'node:perf_hooks'
    import { setTimeout } from 'node:timers/promises'
    import { setFlagsFromString } from 'node:v8'
    import { keepHeapPacked } from ${JSON.stringify(file)}
    // Packs at once, and looks never again.
    const pack = () => void keepHeapPacked({ sleep: () => new Promise(() => {}) }, new AbortController().signal)
    const thing = (index) => ({ name: 'thing ' + index, values: [index, index + 0.5] })
    const known = Array.from({ length: ${things} }, (_, index) => thing(index))
    let count = 0
    new PerformanceObserver((list) => {
      count += list.getEntries().filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length
    }).observe({ entryTypes: ['gc'] })
    ${prepare}
    gc()
    for (let round = 0; round < 300; round += 1) {
      for (let index = 0; index < 2_000; index += 1) known[(round * 2_000 + index) % known.length] = thing(round)
      if (round % 10 === 0) await setTimeout(1)
    }
    await setTimeout(10)
    console.log(count)
  `
  const args = ['--expose-gc', '--max-semi-space-size=1', '--input-type=module', '--eval', script]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

test('a small heap is collected early', () => {
  expect(collectionsOf(20_000, 'pack()')).toBeGreaterThan(2 * collectionsOf(20_000, ''))
})

test('a heap that has become large is left to V8, for which that would be much', () => {
  const early = "setFlagsFromString('--optimize-for-size')"
  const left = collectionsOf(500_000, '')
  expect(collectionsOf(500_000, early)).toBeGreaterThan(2 * left)
  expect(collectionsOf(500_000, `${early}; pack()`)).toBeLessThan(2 * left)
})
