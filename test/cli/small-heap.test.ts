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
