import { readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asStartedByUs, wasStartedByUs } from '../../../src/clients/pm2/daemon/starter.ts'
import { endOfReturn, findReturning } from '../../../src/clients/pm2/returning.ts'
import { killProcessesOf, withDaemon } from '../../support/pm2.ts'
import { seenBy, witnessProcess } from '../../support/pm2-programs.ts'

const started = 1_000_000
const came = (at: number, rest: { createdAt?: number; restartTime?: number } = {}) => ({
  createdAt: started - 86_400_000,
  restartTime: 0,
  uptimeSince: started + at,
  ...rest,
})

describe('the time in which PM2 may still bring something back', () => {
  test.each<[string, readonly ReturnType<typeof came>[], number]>([
    ['ends half a minute after the start of the daemon', [], 30_000],
    ['goes on after what came, in whatever order it is listed', [came(50_000), came(25_000)], 80_000],
    ['is over where nothing came for longer', [came(31_000)], 30_000],
    ['is not made longer by what was made since', [came(25_000, { createdAt: started + 25_000 })], 30_000],
    ['is not made longer by what crashes and is started again', [came(25_000, { restartTime: 1 })], 30_000],
  ])('%s', (_, listed, expected) => {
    expect(endOfReturn(started, listed)).toBe(started + expected)
  })
})

test('a daemon that starts itself anew is not the one that we started', () => {
  const environment = Object.entries(asStartedByUs({ PATH: '/bin' }, started))
    .map(([name, value]) => `${name}=${value}`)
    .join('\0')
  expect(wasStartedByUs(environment, started + 500)).toBe(true)
  expect(wasStartedByUs(environment, started + 3_600_000)).toBe(false)
  expect(wasStartedByUs('PATH=/bin', started + 500)).toBe(false)
})

test('a young daemon with an older dump may bring back what that names, and no other daemon anything', async () => {
  await withDaemon(7, async (daemon) => {
    await daemon.client.prepare(await witnessProcess(daemon, 'one'))
    await daemon.client.prepare(await witnessProcess(daemon, 'two'))
    await seenBy(daemon, 'two')
    const look = async () => findReturning(daemon.home, await daemon.client.list(), Date.now())
    expect(await look()).toBeUndefined()
    expect((await daemon.cli('save')).code).toBe(0)
    // Saved since it started: whoever resurrects has read another one.
    expect(await look()).toBeUndefined()
    await daemon.crash()
    await killProcessesOf(daemon.home)
    expect(await findReturning(daemon.home, [], Date.now())).toBeUndefined()

    expect((await daemon.cli('ping')).code).toBe(0)
    const returning = await look()
    expect(Object.fromEntries(returning?.saved ?? [])).toEqual({ one: 1, two: 1 })
    expect(await findReturning(daemon.home, [], Date.now() + 31_000)).toBeUndefined()
    const dump = join(daemon.home, 'dump.pm2')
    const text = await readFile(dump, 'utf8')
    const later = Date.now() / 1000 + 5
    await utimes(dump, later, later)
    expect(await look()).toBeUndefined()
    expect(await readFile(dump, 'utf8')).toBe(text)
  })
})
