import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { openNetlify } from '../../../src/clients/netlify/open.ts'
import { Secret } from '../../../src/core/secret.ts'
import { NetlifySimulator } from '../../simulators/netlify/server.ts'

let simulator: NetlifySimulator

afterEach(() => simulator.close())

const signal = AbortSignal.timeout(30_000)

it('gives an upload time by its size, and each other call as much as every one has', async () => {
  simulator = await NetlifySimulator.start()
  const site = await simulator.addSite('acme-site')
  const deploy = site.begin({})
  const slow = async () => new Promise<void>((resolve) => setTimeout(resolve, 600))
  simulator.hook = ({ phase }) => (phase === 'received' ? slow() : undefined)
  const token = Secret.read('test', 'test-token', 'digest')
  const netlify = openNetlify({ apiUrl: simulator.url, token, clock: systemClock, deadline: 200 })
  await expect(netlify.listFiles(site.id, signal)).rejects.toMatchObject({ code: 'RemoteUnavailable' })
  simulator.calls.length = 0
  // A second for each 128 KiB: it is refused because it is in no digest, and not because it took too long.
  const upload = { name: 'hello', runtime: 'js', invocationMode: undefined, timeout: undefined }
  const zip = new Uint8Array(128 * 1024)
  await expect(netlify.uploadFunction(deploy.id, { ...upload, zip }, signal)).rejects.toMatchObject({
    code: 'RemoteRefused',
  })
  expect(simulator.callsTo('uploadDeployFunction')).toHaveLength(1)
}, 30_000)
