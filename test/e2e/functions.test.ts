import { readdir } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Run } from '../support/fleet.ts'
import {
  type FunctionFleet,
  functionName,
  functionSource,
  manifest,
  notServed,
  setFunctionStage,
  textAt,
} from '../support/function-fleet.ts'
import { killAndFinish } from '../support/function-kills.ts'
import { SeededRandom } from '../support/seeded-random.ts'

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

  /** Every static file, all hundred and the one of somebody else are asked for. */
  async function expectAllServed(changed: Readonly<Record<string, string>> = {}): Promise<void> {
    const names = Array.from({ length: 100 }, (_, index) => functionName(index))
    const answers = new Map(names.map((name) => [name, changed[name] ?? name]))
    expect(await notServed(stage, answers)).toEqual([])
    expect(Object.keys(stage.site.published?.functions ?? {}).sort()).toEqual([...names, 'other'])
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
    const list = JSON.parse(await fleet.read('functions.json')) as { functions: unknown[] }
    expect(list.functions).toHaveLength(100)

    simulator.calls.length = 0
    const bundles = await readdir(fleet.path('.reconcile/functions/state.db'))
    const noop = await pass()
    expect(noop.status, `${noop.out}\n${noop.err}`).toBe(0)
    expect(simulator.writes()).toEqual([])
    // The site and its published deploy, and nothing else.
    expect(simulator.calls.map(({ operation }) => operation)).toEqual(['listSites', 'getSiteDeploy'])
    expect(await readdir(fleet.path('.reconcile/functions/state.db'))).toEqual(bundles)

    simulator.calls.length = 0
    site.age(61_000)
    await fleet.write('netlify/functions/fn-007.mjs', functionSource('changed'))
    const changed = await pass()
    expect(changed.status, `${changed.out}\n${changed.err}`).toBe(0)
    expect(uploads()).toBe(1)
    await expectAllServed({ 'fn-007': 'changed' })

    const { 'fn-050': gone, ...rest } = site.published?.functions ?? {}
    expect(gone).toBeDefined()
    const byHand = site.begin({ title: 'by hand', files: site.published?.files ?? {}, functions: rest })
    site.advance(byHand)
    site.age(61_000)
    expect(await textAt(stage, '/.netlify/functions/fn-050')).not.toBe('fn-050')
    const healed = await pass()
    expect(healed.status, `${healed.out}\n${healed.err}`).toBe(0)
    // Netlify has its zip still: that is not sent again.
    expect(uploads()).toBe(1)
    await expectAllServed({ 'fn-007': 'changed' })
    const { out } = await pass(['status', '-o', 'json'])
    const { resources } = JSON.parse(out) as { resources: { health: string; children: { name: string }[] }[] }
    expect(resources).toMatchObject([{ health: 'Healthy', children: { length: 101 } }])
  }, 600_000)

  it('are not deployed by a saved plan that was made of another source', async () => {
    stage = await setFunctionStage(2)
    const { fleet, simulator, site } = stage
    await fleet.write('netlify/functions/folder/index.mjs', functionSource('folder'))
    await fleet.write('netlify/functions/folder/part.mjs', 'export const part = 1\n')
    const plan = ['plan', '--out', 'plan.json']
    const apply = ['apply', 'plan.json']
    /** Changes a file once a plan was made: that is refused, and a new plan is not. */
    const changeAfterPlan = async (path: string, text: string) => {
      expect((await pass(plan)).status).toBe(0)
      await fleet.write(path, text)
      simulator.calls.length = 0
      const refused = await pass(apply)
      expect(refused.err).toContain('FunctionSet/site: something else is to be done')
      expect(refused.status).toBe(1)
      expect(simulator.writes()).toEqual([])
      expect((await pass(plan)).status).toBe(0)
      const applied = await pass(apply)
      expect(applied.status, `${applied.out}\n${applied.err}`).toBe(0)
      site.age(61_000)
    }
    // What was never bundled is known by its own files, and all else by what went in.
    await changeAfterPlan('netlify/functions/folder/part.mjs', 'export const part = 2\n')
    await fleet.write('netlify/functions/fn-001.mjs', functionSource('planned'))
    await changeAfterPlan('netlify/functions/fn-001.mjs', functionSource('not seen'))
    expect(await textAt(stage, '/.netlify/functions/fn-001')).toBe('not seen')
  }, 120_000)

  it('are left as one published deploy, whole, wherever a pass is killed', async () => {
    const functions = 20
    stage = await setFunctionStage(functions)
    const random = new SeededRandom(20_261_126)
    const kills = await killAndFinish(stage, { rounds: 12, functions, random })
    expect(kills.fell.before).toBeGreaterThan(0)
    expect(kills.fell.during).toBeGreaterThan(0)
  }, 300_000)

  it('are deployed however often a source is saved, and at a pace where somebody else undoes it', async () => {
    stage = await setFunctionStage(2)
    const { fleet, site, simulator } = stage
    // Longer than all of this takes.
    const text = await fleet.read('manifests/site.yaml')
    const recovery = 'recovery: { backoff: { initial: 3m, max: 5m } }'
    await fleet.write('manifests/site.yaml', text.replace(/recovery: .*/, recovery))
    for (let save = 0; save < 7; save += 1) {
      simulator.age(61_000)
      await fleet.write('netlify/functions/fn-001.mjs', functionSource(`save ${save}`))
      const saved = await pass()
      expect(saved.status, `${saved.out}\n${saved.err}`).toBe(0)
      expect(await textAt(stage, '/.netlify/functions/fn-001')).toBe(`save ${save}`)
    }
    const { length } = site.deploys
    const first = site.deploys.find(({ title }) => title.startsWith('reconciled '))
    for (let undone = 0; undone < 5; undone += 1) {
      simulator.age(61_000)
      // Of ours, and not the last.
      if (first) site.publish(first)
      await pass(['--no-wait'])
    }
    // Three corrections are free, and neither the first deploy nor one of a saved source is one.
    expect(site.deploys.length - length).toBe(3)
    expect((await pass(['status'])).out).toContain('corrected 3 times already')
  }, 120_000)

  it('are deployed soon after a save under `watch`, and not only at the next interval', async () => {
    stage = await setFunctionStage(2)
    const { fleet, env } = stage
    await fleet.write('lib/text.mjs', "export const text = 'first'\n")
    await fleet.write(
      'netlify/functions/fn-000.mjs',
      "import { text } from '../../lib/text.mjs'\nexport default async () => new Response(text)\n",
    )
    const watch = await fleet.watch([], { env })
    const answers = (path: string) =>
      expect.poll(() => textAt(stage, path), { timeout: 120_000, interval: 500 })
    await answers('/.netlify/functions/fn-000').toBe('first')
    /** Saves until it is there: what is to be watched is known only a moment after the deploy. */
    const saved = (path: string, text: string, asked: string) => {
      let savedAt = 0
      const save = async () => {
        if (Date.now() - savedAt > 10_000) {
          savedAt = Date.now()
          await fleet.write(path, text)
        }
        return textAt(stage, asked)
      }
      stage.simulator.age(61_000)
      return expect.poll(save, { timeout: 120_000, interval: 500 })
    }
    await saved('lib/text.mjs', "export const text = 'second'\n", '/.netlify/functions/fn-000').toBe('second')
    await saved('netlify/functions/fn-001.mjs', functionSource('changed'), '/.netlify/functions/fn-001').toBe(
      'changed',
    )
    watch.signal('SIGTERM')
    expect(await watch.ended).toBe(0)
  }, 400_000)

  it('are bundled again after `resume`, where what could not be bundled was mended out of sight', async () => {
    stage = await setFunctionStage(0)
    const { fleet } = stage
    await fleet.write('web/package.json', '{}')
    await fleet.write(
      'web/functions/hello.mjs',
      "import { words } from '../../lib/words.mjs'\nexport default async () => new Response(words)\n",
    )
    await fleet.write('manifests/site.yaml', manifest().replace('../netlify/functions', '../web/functions'))
    const failed = await pass()
    expect(failed.status, failed.out).toBe(1)
    expect(failed.out + failed.err).toMatch(/Could not resolve "\.\.\/\.\.\/lib\/words\.mjs"/)
    await fleet.write('lib/words.mjs', "export const words = 'words'\n")
    expect((await pass(['--dry-run'])).out).toMatch(/FunctionNotBundled|Could not resolve/)
    const resumed = await pass(['resume', 'FunctionSet/site'])
    expect(resumed.status, resumed.err).toBe(0)
    const mended = await pass()
    expect(mended.status, `${mended.out}\n${mended.err}`).toBe(0)
    expect(await textAt(stage, '/.netlify/functions/hello')).toBe('words')
  }, 60_000)

  it('have logs that Netlify’s API does not give, and `logs` says where they are', async () => {
    stage = await setFunctionStage(1)
    const { status, out, err } = await pass(['logs', 'FunctionSet/site'])
    expect({ status, out }).toEqual({ status: 1, out: '' })
    expect(err).toContain("Cannot show logs of FunctionSet/site: Netlify's API gives none")
    expect(err).toContain('https://app.netlify.test/projects/acme-site/logs/functions')
    const unknown = await pass(['logs', 'FunctionSet/other'])
    expect(unknown.status).toBe(1)
    expect(unknown.err).toContain('FunctionSet/other')
    expect(stage.simulator.writes()).toEqual([])
  })

  it('says what is missing without a token', async () => {
    stage = await setFunctionStage(1)
    const { status } = await stage.fleet.reconcile([])
    expect(status).toBe(1)
    const { out } = await pass(['status'])
    expect(out).toContain('NETLIFY_AUTH_TOKEN')
    expect(stage.simulator.calls).toEqual([])
  })
})
