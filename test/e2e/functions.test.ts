import { readdir } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Run } from '../support/fleet.ts'
import { type FunctionFleet, functionSource, setFunctionStage, siteFiles } from '../support/function-fleet.ts'

describe('a hundred functions, end to end', () => {
  let stage: FunctionFleet

  afterEach(async () => {
    await stage.simulator.close()
    await stage.fleet.destroy()
    expect(stage.simulator.violations).toEqual([])
    expect(stage.simulator.leaks).toEqual([])
  })

  const pass = (args: readonly string[] = []): Promise<Run> =>
    stage.fleet.reconcile([...args], { env: stage.env, limit: 300_000 })

  const uploads = () => stage.simulator.callsTo('uploadDeployFunction').length

  async function expectAllServed(): Promise<void> {
    for (const [path, text] of Object.entries(siteFiles)) {
      const response = await fetch(`${stage.site.url}${path}`)
      expect([path, response.status, await response.text()]).toEqual([path, 200, text])
    }
    expect(Object.keys(stage.site.published?.functions ?? {})).toHaveLength(101)
    expect(stage.site.published?.functions).toHaveProperty('other')
  }

  it('are deployed once, looked at for nothing, changed and healed one by one', async () => {
    stage = await setFunctionStage(100, '  verify: [{ function: fn-007 }]\n  inventory: ../functions.json')
    const { fleet, simulator, site } = stage
    const plan = await pass(['--dry-run', '--detailed-exitcode'])
    expect(plan.status, plan.err).toBe(2)
    expect(simulator.writes()).toEqual([])
    expect(await readdir(fleet.folder)).not.toContain('.reconcile')

    const first = await pass(['--timeout', '5m'])
    expect(first.status, `${first.out}\n${first.err}`).toBe(0)
    expect(uploads()).toBe(100)
    expect(simulator.callsTo('createSiteDeploy')).toHaveLength(1)
    await expectAllServed()
    expect(await (await fetch(`${site.url}/.netlify/functions/fn-042`)).text()).toBe('fn-042')
    const list = JSON.parse(await fleet.read('functions.json')) as { functions: unknown[] }
    expect(list.functions).toHaveLength(100)

    simulator.calls.length = 0
    const bundles = await readdir(fleet.path('.reconcile/functions'))
    const noop = await pass()
    expect(noop.status, `${noop.out}\n${noop.err}`).toBe(0)
    expect(simulator.writes()).toEqual([])
    // The site and its published deploy, and nothing else.
    expect(simulator.calls.map(({ operation }) => operation)).toEqual(['listSites', 'getSiteDeploy'])
    expect(await readdir(fleet.path('.reconcile/functions'))).toEqual(bundles)

    simulator.calls.length = 0
    site.age(60_000)
    await fleet.write('netlify/functions/fn-007.mjs', functionSource('changed'))
    const changed = await pass()
    expect(changed.status, `${changed.out}\n${changed.err}`).toBe(0)
    expect(uploads()).toBe(1)
    await expectAllServed()
    expect(await (await fetch(`${site.url}/.netlify/functions/fn-007`)).text()).toBe('changed')
    expect(await (await fetch(`${site.url}/.netlify/functions/fn-099`)).text()).toBe('fn-099')

    const { 'fn-050': gone, ...rest } = site.published?.functions ?? {}
    expect(gone).toBeDefined()
    const byHand = site.begin({ title: 'by hand', files: site.published?.files ?? {}, functions: rest })
    site.advance(byHand)
    site.age(60_000)
    const healed = await pass()
    expect(healed.status, `${healed.out}\n${healed.err}`).toBe(0)
    expect(uploads()).toBe(1)
    await expectAllServed()
    const { out } = await pass(['status', '-o', 'json'])
    const { resources } = JSON.parse(out) as { resources: { health: string; children: { name: string }[] }[] }
    expect(resources).toMatchObject([{ health: 'Healthy', children: { length: 101 } }])
  }, 600_000)

  it('says what is missing without a token', async () => {
    stage = await setFunctionStage(1)
    const { status } = await stage.fleet.reconcile([])
    expect(status).toBe(1)
    const { out } = await pass(['status'])
    expect(out).toContain('NETLIFY_AUTH_TOKEN')
    expect(stage.simulator.calls).toEqual([])
  })
})
