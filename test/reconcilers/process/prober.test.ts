import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Prober } from '../../../src/reconcilers/process/prober.ts'
import { FakeClock } from '../../state/fake-clock.ts'
import { declare } from './bench.ts'
import { record } from './model.ts'

const hour = 3_600_000
const never = new AbortController().signal

let server: Server
/** 0: it never answers. */
let status: number
beforeEach(async () => {
  status = 200
  server = createServer((_, response) => {
    if (status > 0) response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function probed(spec: { readonly startPeriod?: string; readonly timeout?: string } = {}) {
  const clock = new FakeClock()
  const prober = new Prober({ clock, base: {}, mayRunCommands: true })
  const { port } = server.address() as AddressInfo
  const desired = declare('api', {
    script: './api.mjs',
    health: { http: { port }, interval: '10s', failureThreshold: 3, ...spec },
  })
  const records = [record({ pm_uptime: clock.now() - hour })]
  const look = (signal = never) => prober.look(desired, records, signal)
  const dueIn = () => [...prober.due().values()]
  return { clock, prober, desired, look, dueIn }
}

test('is asked after each interval, and not sooner', async () => {
  const { clock, look, dueIn } = probed()
  expect(await look()).toMatchObject({ verdict: 'passed', nextIn: 10_000 })
  status = 500
  await clock.advance(9_000)
  expect(await look()).toMatchObject({ verdict: 'passed', nextIn: 1_000 })
  expect(dueIn()).toEqual([1_000])
  await clock.advance(1_000)
  expect(await look()).toMatchObject({ verdict: 'failed', failures: 1, nextIn: 10_000 })
})

test('tells whoever waits for the next that there is a new one', async () => {
  const { prober, look } = probed()
  status = 0
  const news = prober.nextNews()
  void look()
  await expect(news).resolves.toBeUndefined()
})

test('is asked as often when the clock was set back', async () => {
  const { clock, look, dueIn } = probed()
  await look()
  status = 500
  clock.setBack(6 * hour)
  await clock.advance(10_000)
  expect(dueIn()).toEqual([0])
  expect(await look()).toMatchObject({ verdict: 'failed', failures: 1 })
})

test('that failed counts also where the start lies ahead, because the clock was set back', async () => {
  const { clock, look } = probed({ startPeriod: '1m' })
  status = 500
  clock.setBack(6 * hour)
  expect(await look()).toMatchObject({ failures: 1, nextIn: 10_000 })
  await clock.advance(10_000)
  expect(await look()).toMatchObject({ failures: 2 })
})

describe('one that hangs', () => {
  test('keeps a reading for some seconds, and is answered by what was known', async () => {
    const { clock, prober, look, dueIn } = probed({ timeout: '10m' })
    const known = await look()
    status = 0
    await clock.advance(10_000)
    const looking = look()
    await clock.advance(5_000)
    expect(await looking).toEqual({ ...known, nextIn: 1_000 })
    // It is asked already.
    expect(dueIn()).toEqual([])
    prober.close()
  })

  test('is pending where nothing was known', async () => {
    const { clock, prober, look } = probed({ timeout: '10m' })
    status = 0
    const looking = look()
    await clock.advance(5_000)
    expect(await looking).toMatchObject({ verdict: 'pending', failures: 0, nextIn: 1_000 })
    prober.close()
  })

  test('is asked on when the reading that began it is cut off, and its answer is told', async () => {
    const { prober, desired, look } = probed({ timeout: '300ms' })
    const told: string[] = []
    prober.follow((id) => told.push(id))
    status = 0
    const end = new AbortController()
    const looking = look(end.signal)
    end.abort(new Error('the reading took too long'))
    await expect(looking).rejects.toThrow('the reading took too long')
    await vi.waitFor(() => expect(told).toEqual([desired.id]))
    expect(await look()).toMatchObject({ verdict: 'failed', failures: 1, message: 'no answer within 300ms' })
  })

  test('is given up for a process that took its place', async () => {
    const { prober, desired } = probed({ timeout: '10m' })
    status = 0
    const hanging = prober.look(desired, [record({ pid: 1, pm_uptime: 1 })], never)
    await vi.waitFor(() => expect(prober.due().size).toBe(0))
    status = 200
    expect(await prober.look(desired, [record({ pid: 2, pm_uptime: 1 })], never)).toMatchObject({
      verdict: 'passed',
    })
    expect(await hanging).toMatchObject({ verdict: 'pending' })
  })
})

test('each is asked when it is due, whatever hangs beside it', async () => {
  const clock = new FakeClock()
  const prober = new Prober({ clock, base: {}, mayRunCommands: true })
  const { port } = server.address() as AddressInfo
  const hung = createTcpServer(() => undefined)
  await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve))
  const declared = (name: string, at: number) =>
    declare(name, {
      script: './api.mjs',
      health: { http: { port: at }, timeout: '10m', failureThreshold: 1 },
    })
  const good = declared('good', port)
  const bad = declared('bad', (hung.address() as AddressInfo).port)
  const records = [record({ pm_uptime: clock.now() - hour })]
  const told: string[] = []
  prober.follow((id) => told.push(id))
  await prober.look(good, records, never)
  const looking = prober.look(bad, records, never)
  await clock.advance(100)
  expect(await looking).toMatchObject({ verdict: 'pending' })
  status = 500
  await clock.advance(10_000)
  prober.askDue()
  await vi.waitFor(() => expect(told).toEqual([good.id]))
  prober.close()
  hung.close()
})
