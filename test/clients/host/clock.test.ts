import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { systemRandom } from '../../../src/clients/host/random.ts'

const run = promisify(execFile)
const clockModule = fileURLToPath(new URL('../../../src/clients/host/clock.ts', import.meta.url))

describe('the clock of the machine', () => {
  test('lets a sleeper wake', async () => {
    const before = systemClock.monotonic()
    await systemClock.sleep(20)
    expect(systemClock.monotonic() - before).toBeGreaterThanOrEqual(19)
  })

  test('wakes an aborted sleeper with the reason', async () => {
    const abort = new AbortController()
    const sleeping = systemClock.sleep(60_000, abort.signal)
    abort.abort('enough')
    await expect(sleeping).rejects.toBe('enough')
    await expect(systemClock.sleep(60_000, abort.signal)).rejects.toBe('enough')
  })

  test('sleeps longer than a timer of Node can, and not a moment', async () => {
    const abort = new AbortController()
    const sleeping = systemClock.sleep(2 ** 40, abort.signal)
    const first = await Promise.race([sleeping, systemClock.sleep(30).then(() => 'still asleep')])
    abort.abort('enough')
    await expect(sleeping).rejects.toBe('enough')
    expect(first).toBe('still asleep')
  })

  test('keeps the program alive for a sleeper, and not for an aborted one', async () => {
    const code = `
      import { systemClock } from ${JSON.stringify(clockModule)}
      const abort = new AbortController()
      systemClock.sleep(600000, abort.signal).catch(() => {})
      abort.abort()
      await systemClock.sleep(20)
      console.log('woken')`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 })
    expect(stdout).toBe('woken\n')
  })
})

describe('the chance of the machine', () => {
  test('gives ids that are all different, sorted as they were made, and plain', () => {
    const ids = Array.from({ length: 5000 }, () => systemRandom.id())
    expect(new Set(ids).size).toBe(ids.length)
    expect([...ids].sort()).toEqual(ids)
    expect(ids.every((id) => /^[a-z0-9]+$/.test(id))).toBe(true)
  })

  test('gives numbers from 0 to below 1', () => {
    const numbers = Array.from({ length: 1000 }, () => systemRandom.next())
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(new Set(numbers).size).toBeGreaterThan(990)
  })
})
