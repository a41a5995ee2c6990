import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { openNetlify } from '../../../src/clients/netlify/open.ts'
import { Secret } from '../../../src/core/secret.ts'
import { NetlifySimulator } from '../../simulators/netlify/server.ts'

const signal = AbortSignal.timeout(30_000)

function netlifyAt(apiUrl: string) {
  const token = Secret.read('test', 'test-token', 'digest')
  return openNetlify({ apiUrl, token, clock: systemClock })
}

const filesOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`/page-${index}.html`, `${index}`]))

it.each([0, 99, 100, 101, 350])('reads all files of a site that has %i of them', async (count) => {
  const simulator = await NetlifySimulator.start()
  onTestFinished(() => simulator.close())
  const site = await simulator.addSite('acme-site')
  site.seed({ files: filesOf(count) })
  const files = await netlifyAt(simulator.url).listFiles(site.id, signal)
  expect(files.map(({ path }) => path)).toEqual(Object.keys(filesOf(count)))
})

it('reads all variables of a site and all teams of a credential', async () => {
  const simulator = await NetlifySimulator.start()
  onTestFinished(() => simulator.close())
  const site = await simulator.addSite('acme-site')
  site.seed({})
  for (let index = 0; index < 120; index += 1) {
    const key = `KEY_${index}`
    const values = [{ id: key, context: 'all', value: 'x' }]
    site.env.set(key, { key, is_secret: false, scopes: ['functions'], values })
    simulator.accounts.push(`team-${index}`)
  }
  const netlify = netlifyAt(simulator.url)
  const found = await netlify.findSite(site.id, signal)
  if (!found) throw new Error('no site')
  expect(await netlify.listEnv(found, signal)).toHaveLength(120)
  expect(await netlify.listAccounts(signal)).toContain('team-119')
})

it('asks once more, and no further, where a list of just a hundred does not know of pages', async () => {
  const list = Array.from({ length: 100 }, (_, index) => ({ path: `/${index}`, sha: 'a'.repeat(40) }))
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  expect(await netlifyAt(`http://127.0.0.1:${port}`).listFiles('site', signal)).toHaveLength(100)
  expect(asked).toEqual(['/sites/site/files', '/sites/site/files?page=2&per_page=100'])
})
