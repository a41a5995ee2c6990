import { afterEach, describe, expect, it } from 'vitest'
import type { Owned } from '../../../src/core/ownership.ts'
import { resourceId } from '../../../src/core/resource.ts'
import { reconciler } from '../../../src/reconcilers/function-set/index.ts'
import type { ObservedFunctionSet } from '../../../src/reconcilers/function-set/observed.ts'
import type { DesiredFunctionSet } from '../../../src/reconcilers/function-set/place.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** The same site under its id, as another resource with a directory of its own. */
function second(name = 'second'): DesiredFunctionSet {
  const id = resourceId('FunctionSet', name)
  return { ...stage.desired({ site: stage.site.id, directory: '../other' }), id, name }
}

function ownedBy(desired: DesiredFunctionSet): Owned {
  return {
    id: desired.id,
    externalName: desired.spec.site,
    origin: 'adopted',
    deletionPolicy: undefined,
    fields: {},
    memory: {},
    since: 0,
  }
}

const claimed = (observed: ObservedFunctionSet) => reconciler.claim(undefined, observed)

describe('one site under its name and its id', () => {
  it('is one resource’s, and the other is told whose', async () => {
    stage = await FunctionStage.open()
    // Read together, however slow the machine is.
    stage.patience = { others: 15_000 }
    await stage.addFunction('hello')
    await stage.write('other/two.mjs', 'export default async () => {}\n')
    const [a, b] = await stage.observeAll([{ desired: stage.desired() }, { desired: second() }])
    // Nothing was deployed yet: the first by its id.
    expect([a, b].map((one) => one && claimed(one).rival)).toEqual([
      expect.stringContaining('FunctionSet/second'),
      undefined,
    ])
    await stage.pass(stage.desired(), ownedBy(stage.desired()))
    stage.restart()
    // From when one of them deployed it is that one's, read together, alone, or after the other.
    const [mine, theirs] = await stage.observeAll([{ desired: stage.desired() }, { desired: second() }])
    expect(mine && claimed(mine).rival).toBeUndefined()
    expect(theirs && claimed(theirs).rival).toContain('FunctionSet/site')
    stage.restart()
    const [alone] = await stage.observeAll([{ desired: second() }])
    expect(alone && claimed(alone).rival).toContain('FunctionSet/site')
  }, 60_000)

  it('is taken over by a resource that was renamed, with the functions of before', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.addFunction('old')
    await stage.pass(stage.desired())
    const renamed = { ...stage.desired({ exclude: ['old'] }), id: resourceId('FunctionSet', 'renamed') }
    const [observed] = await stage.observeAll([{ desired: renamed, owned: ownedBy(renamed) }])
    expect(observed).toMatchObject({ managed: ['hello', 'old'] })
    expect(observed && claimed(observed).rival).toBeUndefined()
  }, 60_000)

  it('keeps what another resource deployed, once a person gave the site to a new one', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    stage.restart()
    const [observed] = await stage.observeAll([
      { desired: { ...second(), controls: { ...second().controls, adopt: true } } },
    ])
    expect(observed && claimed(observed).rival).toBeUndefined()
    // They are not its own: nothing is dropped because of them.
    expect(observed).toMatchObject({ managed: [] })
  }, 60_000)
})

describe('a deploy of another fleet', () => {
  it('is no deploy of ours, although the resource is called the same', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    stage.fleet = 'rivals'
    stage.simulator.faults.add({ kind: 'cut-after', on: 'createSiteDeploy', times: 1 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    stage.fleet = 'acme'
    stage.kept = new Map()
    stage.restart()
    await stage.pass(stage.desired())
    // The same content under another fleet's title was neither taken up nor cancelled.
    expect(stage.site.deploys.map(({ state }) => state)).toEqual(['uploading', 'ready'])
    stage.fleet = 'rivals'
    stage.restart()
    const { observed } = await stage.observe(stage.desired())
    expect(observed && claimed(observed).mark).toMatchObject({ fleet: 'acme', store: 'store' })
  }, 60_000)

  it('is taken up where only the store was lost', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    stage.simulator.faults.add({ kind: 'cut-after', on: 'createSiteDeploy', times: 1 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    stage.store = 'new-store'
    stage.kept = new Map()
    stage.restart()
    await stage.pass(stage.desired())
    expect(stage.site.deploys).toHaveLength(1)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
    expect(stage.assess(await stage.observe(stage.desired())).message).toContain('another state store')
  }, 60_000)
})

describe('a function of somebody else under a name of the directory', () => {
  const foreign = { hello: { zip: Buffer.from('a zip of somebody else') } }

  it('is not replaced before a person says so', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ functions: foreign })
    await stage.addFunction('hello')
    await stage.addFunction('mine')
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({
      code: 'NotOurs',
      message: expect.stringContaining('function hello is on the site already'),
    })
    const held = { reason: 'NotOurs', message: expect.stringContaining('adopt: true') }
    expect(await stage.pass(stage.desired())).toMatchObject([{ blocked: held }])
    expect(stage.site.published).toBe(before)
    await stage.pass(stage.desired({}, { adopt: true }))
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
    // From then on it is ours, whoever replaces it.
    stage.site.seed({ functions: foreign })
    stage.site.age(61_000)
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
  }, 60_000)

  it('is taken over without a word where it is the same', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    const { published } = stage.site
    if (published) Object.assign(published, { title: 'made by the command line tool' })
    stage.kept = new Map()
    stage.restart()
    expect(await stage.pass(stage.desired())).toEqual([])
    // It is ours from then on: what changes in the directory is deployed.
    stage.restart()
    await stage.addFunction('hello', 'changed')
    stage.site.age(61_000)
    expect(await stage.pass(stage.desired())).toMatchObject([{ type: 'deploy' }])
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 changed')
  }, 60_000)
})
