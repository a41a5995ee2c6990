import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NetlifySimulator } from '../simulators/netlify/server.ts'
import type { SimulatedSite } from '../simulators/netlify/world.ts'
import { type Run, TestFleet } from '../support/fleet.ts'
import { deployWithCli } from '../support/netlify-cli.ts'

/** A project with every kind of function there is. */
const project = {
  'package.json': '{"name":"site","private":true}',
  'netlify.toml': [
    '[build]',
    'publish = "public"',
    '[functions]',
    'directory = "netlify/functions"',
    '[functions."reports"]',
    'schedule = "0 6 * * 1"',
    '[functions."legacy"]',
    'included_files = ["data/*.json"]',
    '[functions."oldest"]',
    'node_bundler = "zisi"',
    '',
  ].join('\n'),
  'public/index.html': 'home',
  'public/_redirects': '/old / 301',
  'data/one.json': '{"one":1}',
  'lib/greet.ts': "export const greet = (name: string): string => 'greetings to ' + name\n",
  'node_modules/shout/package.json': '{"name":"shout","version":"1.0.0","main":"main.js"}',
  'node_modules/shout/main.js': 'module.exports = (text) => text.toUpperCase()\n',
  // Of the second version, and in TypeScript, with code from outside of the directory and a route of its own.
  'netlify/functions/hello.mjs': "export default async () => new Response('hello')\n",
  'netlify/functions/typed.mts': [
    "import { greet } from '../../lib/greet.ts'",
    "export default async (): Promise<Response> => new Response(greet('you'))",
    "export const config = { path: '/greet' }",
    '',
  ].join('\n'),
  'netlify/functions/nightly.ts':
    "export default async () => {}\nexport const config = { schedule: '@daily' }\n",
  // Of the first version, with a package, a schedule of netlify.toml, and in the background.
  'netlify/functions/legacy.js':
    "const shout = require('shout')\nexports.handler = async () => ({ statusCode: 200, body: shout('legacy') })\n",
  // Bundled in the oldest way.
  'netlify/functions/oldest.js':
    "const shout = require('shout')\nexports.handler = async () => ({ statusCode: 200, body: shout(require('../../lib/word')) })\n",
  'lib/word.js': "module.exports = 'oldest'\n",
  'netlify/functions/reports.js': 'exports.handler = async () => ({ statusCode: 200 })\n',
  'netlify/functions/mail-background.js': 'exports.handler = async () => {}\n',
  // Folders: named like themselves, and by index.
  'netlify/functions/deep/deep.js':
    "exports.handler = async () => ({ statusCode: 200, body: require('./part') })\n",
  'netlify/functions/deep/part.js': "module.exports = 'deep'\n",
  'netlify/functions/modern/index.mts':
    "import { part } from './part.ts'\nexport default async () => new Response(part)\n",
  'netlify/functions/modern/part.ts': "export const part = 'modern'\n",
}
const names = [
  'deep',
  'hello',
  'legacy',
  'mail-background',
  'modern',
  'nightly',
  'oldest',
  'reports',
  'typed',
]

const manifest = (name: string, extra = '') =>
  [
    'apiVersion: reconcile.dev/v1',
    'kind: FunctionSet',
    `metadata: { name: ${name} }`,
    'spec:',
    `  site: ${name}`,
    '  directory: ../netlify/functions',
    extra,
    '',
  ].join('\n')

describe('Netlify’s own command line tool', () => {
  let fleet: TestFleet
  let simulator: NetlifySimulator
  let theirs: SimulatedSite

  beforeEach(async () => {
    simulator = await NetlifySimulator.start()
    theirs = await simulator.addSite('theirs')
    fleet = await TestFleet.create(project)
  })

  afterEach(async () => {
    await simulator.close()
    await fleet.destroy()
    expect(simulator.violations).toEqual([])
    expect(simulator.leaks).toEqual([])
  })

  const deploy = () => deployWithCli(fleet.folder, { site: theirs.name, apiUrl: simulator.url })
  const pass = (): Promise<Run> =>
    fleet.reconcile([], {
      env: { NETLIFY_API_URL: simulator.url, NETLIFY_AUTH_TOKEN: 'test-token' },
      limit: 120_000,
    })
  const uploads = () =>
    simulator.calls.filter(({ operation }) => operation.startsWith('uploadDeploy')).map(({ path }) => path)

  it('deploys to the simulator, makes the zips that we make, and each uploads nothing after the other', async () => {
    const { deploy_id } = await deploy()
    expect(theirs.publishedId).toBe(deploy_id)
    expect(Object.keys(theirs.published?.functions ?? {}).sort()).toEqual(names)
    expect(uploads().length).toBeGreaterThan(names.length)
    for (const [path, text] of [
      ['/', 'home'],
      ['/greet', 'greetings to you'],
      ['/.netlify/functions/legacy', 'LEGACY'],
      ['/.netlify/functions/oldest', 'OLDEST'],
      ['/.netlify/functions/deep', 'deep'],
      ['/.netlify/functions/modern', 'modern'],
    ]) {
      expect(await (await fetch(`${theirs.url}${path}`)).text()).toBe(text)
    }

    simulator.calls.length = 0
    const second = await deploy()
    expect(second.deploy_id).not.toBe(deploy_id)
    expect(uploads()).toEqual([])

    // Our deploy to a site that has nothing yet holds the same functions with the same settings, to the byte.
    const ours = await simulator.addSite('ours')
    await fleet.write('manifests/ours.yaml', manifest('ours'))
    const first = await pass()
    expect(first.status, `${first.out}\n${first.err}`).toBe(0)
    expect(ours.published?.functions).toEqual(theirs.published?.functions)
    expect(sorted(ours.published?.schedules)).toEqual(sorted(theirs.published?.schedules))
    expect(withoutEmptyLists(ours.published?.config)).toEqual(theirs.published?.config)
    expect(Object.fromEntries(ours.runtimes)).toEqual(Object.fromEntries(theirs.runtimes))

    // What the tool deployed is what is declared: nothing is deployed for it.
    await fleet.write('manifests/theirs.yaml', manifest('theirs'))
    await fleet.remove('manifests/ours.yaml')
    simulator.calls.length = 0
    const adopted = await pass()
    expect(adopted.status, `${adopted.out}\n${adopted.err}`).toBe(0)
    expect(simulator.writes()).toEqual([])
    expect(theirs.publishedId).toBe(second.deploy_id)

    // A deploy of ours after it sends no zip and no file, and keeps them all.
    theirs.age(60_000)
    const files = theirs.published?.files
    await fleet.write('manifests/theirs.yaml', manifest('theirs', '  schedules: { hello: "0 4 * * *" }'))
    const rescheduled = await pass()
    expect(rescheduled.status, `${rescheduled.out}\n${rescheduled.err}`).toBe(0)
    expect(uploads()).toEqual([])
    expect(theirs.publishedId).not.toBe(second.deploy_id)
    expect(theirs.published?.files).toEqual(files)
    expect(theirs.published?.schedules).toContainEqual({ name: 'hello', cron: '0 4 * * *' })

    // And the tool's own after ours sends none either.
    simulator.calls.length = 0
    await deploy()
    expect(uploads()).toEqual([])
    expect(Object.keys(theirs.published?.functions ?? {}).sort()).toEqual(names)
  }, 180_000)

  it('is of the version whose bundler is ours', async () => {
    const versionOf = async (path: string) =>
      (JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')) as { readonly version: string })
        .version
    const bundler = 'node_modules/@netlify/zip-it-and-ship-it/package.json'
    expect(await versionOf(`../netlify-cli/${bundler}`)).toBe(await versionOf(`../../${bundler}`))
  })
})

function sorted(schedules: SimulatedSite['deploys'][number]['schedules'] = []) {
  return [...schedules].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The tool sends no list that is empty. */
function withoutEmptyLists(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) =>
      Array.isArray(inner) && inner.length === 0 ? undefined : inner,
    ),
  )
}
