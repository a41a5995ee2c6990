import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NetlifySimulator } from '../simulators/netlify/server.ts'
import type { SimulatedSite } from '../simulators/netlify/world.ts'
import { type Run, TestFleet } from '../support/fleet.ts'
import { deployWithCli } from '../support/netlify-cli.ts'
import { functionsOfEveryKind, projectOfEveryKind } from '../support/netlify-project.ts'

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
    fleet = await TestFleet.create(projectOfEveryKind)
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
    expect(Object.keys(theirs.published?.functions ?? {}).sort()).toEqual(functionsOfEveryKind)
    expect(uploads().length).toBeGreaterThan(functionsOfEveryKind.length)
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
    theirs.age(61_000)
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
    expect(Object.keys(theirs.published?.functions ?? {}).sort()).toEqual(functionsOfEveryKind)
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
