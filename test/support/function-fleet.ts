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
const foreignAnswers = [['other', 'of somebody else']] as const
const foreign = Object.fromEntries(
  foreignAnswers.map(([name, answer]) => [name, { zip: foreignFunction(name, answer) }]),
)

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
/** The name of one of them. */
export const functionName = (index: number) => `fn-${String(index).padStart(3, '0')}`

/** A site as somebody else left it, and `count` functions here that are not on it yet. */
export async function setFunctionStage(count: number, extra = ''): Promise<FunctionFleet> {
  const simulator = await NetlifySimulator.start()
  const site = await simulator.addSite('acme-site')
  site.seed({ files: siteFiles, functions: foreign })
  site.age(61_000)
  const fleet = await TestFleet.create({ 'manifests/site.yaml': manifest(extra), 'package.json': '{}' })
  for (let index = 0; index < count; index += 1) {
    await fleet.write(`netlify/functions/${functionName(index)}.mjs`, functionSource(functionName(index)))
  }
  const env = { NETLIFY_API_URL: simulator.url, NETLIFY_AUTH_TOKEN: 'test-token' }
  return { fleet, simulator, site, env }
}

/** What a visitor gets at a path. */
export async function textAt({ site }: FunctionFleet, path: string): Promise<string> {
  return (await fetch(`${site.url}${path}`)).text()
}

/** Asks for every static file and for every function, those of others too; resolves with what differs. */
export async function notServed(
  stage: FunctionFleet,
  answers: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const differs: string[] = []
  const wanted = [
    ...Object.entries(siteFiles),
    ...[...answers, ...foreignAnswers].map(([name, text]) => [`/.netlify/functions/${name}`, text] as const),
  ]
  const ask = async () => {
    for (let next = wanted.shift(); next; next = wanted.shift()) {
      const [path, text] = next
      const found = await textAt(stage, path)
      if (found !== text) differs.push(`${path}: ${found}`)
    }
  }
  // Each function is run in a process of its own.
  await Promise.all([ask(), ask(), ask()])
  return differs
}
