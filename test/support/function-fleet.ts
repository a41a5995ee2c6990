import { NetlifySimulator } from '../simulators/netlify/server.ts'
import type { SimulatedSite } from '../simulators/netlify/world.ts'
import { foreignFunction } from '../simulators/netlify/zip.ts'
import { TestFleet } from './fleet.ts'

/** A fleet with functions, and the simulated site that they belong to. */
export interface FunctionFleet {
  readonly fleet: TestFleet
  readonly simulator: NetlifySimulator
  readonly site: SimulatedSite
  readonly env: Readonly<Record<string, string>>
}

/** Static files of the site, by path. */
export const siteFiles = {
  '/index.html': 'home',
  '/about.html': 'about',
  '/_redirects': '/old /about.html 301',
}
const foreign = { other: { zip: foreignFunction('other', 'of somebody else') } }

/** The manifest, with further lines of its spec. */
export function manifest(extra = ''): string {
  return [
    'apiVersion: reconcile.dev/v1',
    'kind: FunctionSet',
    'metadata: { name: site }',
    'spec:',
    '  site: acme-site',
    '  directory: ../netlify/functions',
    '  recovery: { maxAttempts: 5, backoff: { initial: 100ms, max: 200ms } }',
    extra,
    '',
  ].join('\n')
}

/** A function that answers a text. */
export const functionSource = (answer: string) => `export default async () => new Response('${answer}')\n`
const nameOf = (index: number) => `fn-${String(index).padStart(3, '0')}`

/** A site as somebody else left it, and `count` functions here that are not on it yet. */
export async function setFunctionStage(count: number, extra = ''): Promise<FunctionFleet> {
  const simulator = await NetlifySimulator.start()
  const site = await simulator.addSite('acme-site')
  site.seed({ files: siteFiles, functions: foreign })
  site.age(60_000)
  const fleet = await TestFleet.create({ 'manifests/site.yaml': manifest(extra), 'package.json': '{}' })
  for (let index = 0; index < count; index += 1) {
    await fleet.write(`netlify/functions/${nameOf(index)}.mjs`, functionSource(nameOf(index)))
  }
  const env = { NETLIFY_API_URL: simulator.url, NETLIFY_AUTH_TOKEN: 'test-token' }
  return { fleet, simulator, site, env }
}
