import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Prober } from '../../../src/reconcilers/process/prober.ts'
import { FakeClock } from '../../state/fake-clock.ts'
import { declare } from './bench.ts'
import { record } from './model.ts'

const hour = 3_600_000
const never = new AbortController().signal

let server: Server
let status: number
beforeEach(async () => {
  status = 200
  server = createServer((_, response) => response.writeHead(status).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function probed(spec: { readonly startPeriod?: string } = {}) {
  const clock = new FakeClock()
  const prober = new Prober({ clock, base: {}, mayRunCommands: true })
  const { port } = server.address() as AddressInfo
  const desired = declare('api', {
    script: './api.mjs',
    health: { http: { port }, interval: '10s', failureThreshold: 3, ...spec },
  })
  const records = [record({ pm_uptime: clock.now() - hour })]
  const look = () => prober.look(desired, records, never)
  const dueIn = () => [...prober.due().values()]
  return { clock, look, dueIn }
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
