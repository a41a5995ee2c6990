import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { openNetlify } from '../../../src/clients/netlify/open.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { FaultKind } from '../../simulators/netlify/faults.ts'
import { NetlifySimulator } from '../../simulators/netlify/server.ts'

let simulator: NetlifySimulator

beforeEach(async () => {
  simulator = await NetlifySimulator.start()
})
afterEach(() => simulator.close())

const signal = AbortSignal.timeout(30_000)

function open() {
  const token = Secret.read('test', 'test-token', 'digest')
  return openNetlify({ apiUrl: simulator.url, token, clock: systemClock })
}

const strangers: readonly FaultKind[] = ['page', 'page-404', 'astray']
const whose = 'something between us and Netlify'

it.each(strangers)(
  'concludes nothing from what Netlify did not say (%s), such as that a site is gone',
  async (kind) => {
    const site = await simulator.addSite('acme-site')
    simulator.faults.add({ kind })
    for (const nameOrId of [site.id, 'acme-site']) {
      await expect(open().findSite(nameOrId, signal)).rejects.toMatchObject({
        code: 'RemoteAnswerInvalid',
        message: expect.stringContaining(whose),
      })
    }
  },
)

it.each(strangers)('takes no write for done, and none for refused, after %s', async (kind) => {
  const site = await simulator.addSite('acme-site')
  const deploy = site.begin({})
  simulator.faults.add({ kind })
  await expect(open().cancelDeploy(deploy.id, signal)).rejects.toMatchObject({ code: 'OutcomeUnknown' })
  await expect(open().restoreDeploy(site.id, deploy.id, signal)).rejects.toMatchObject({
    code: 'OutcomeUnknown',
    message: expect.stringContaining(whose),
  })
})
