import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import type { SimulatedDeploy } from '../../simulators/netlify/world.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

beforeEach(async () => {
  stage = await FunctionStage.open()
  stage.site.seed({ files: { '/index.html': 'home' } })
  stage.site.age(61_000)
  await stage.addFunction('hello')
})

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** A pass that dies when Netlify has all of its deploy and has not made it yet. */
async function dieBeforeItIsLive(): Promise<SimulatedDeploy> {
  const { simulator, site } = stage
  const death = new AbortController()
  site.pace.processing = 3_600_000
  simulator.hook = ({ operation, phase }) => {
    if (operation === 'getSiteDeploy' && phase === 'done' && site.deploys.at(-1)?.state === 'uploaded') {
      death.abort()
    }
  }
  await expect(stage.pass(stage.desired(), undefined, death.signal)).rejects.toThrow()
  simulator.hook = undefined
  stage.restart()
  const begun = site.deploys.at(-1)
  if (begun?.title.startsWith('reconciled') !== true) throw new Error('Expected a deploy that is under way')
  expect(site.published).not.toBe(begun)
  return begun
}

/** Netlify ends what it has begun, and publishes it. */
function goesLive(): void {
  stage.site.pace.processing = 0
  stage.site.progress()
  stage.site.progress()
}

/** Once, when an operation comes to a point. */
function at(operation: string, phase: 'received' | 'done', what: () => void): void {
  let isDone = false
  stage.simulator.hook = (now) => {
    if (isDone || now.operation !== operation || now.phase !== phase) return
    isDone = true
    what()
  }
}

/** Where the next pass is when it happens: before it reads again, before it looks for it, before it would begin anew. */
const moments = [
  ['before it is read again', undefined, undefined],
  ['between two readings of what must stay', 'listSiteFiles', 'received'],
  ['right before it is looked for', 'listSiteDeploys', 'received'],
  ['right after it was found unfinished', 'listSiteDeploys', 'done'],
] as const

describe('a deploy of a pass that died goes live during the next one', () => {
  it.each(moments)(
    '%s: it is that deploy, and nothing has failed',
    async (_, operation, phase) => {
      const begun = await dieBeforeItIsLive()
      const pair = await stage.observe(stage.desired())
      if (operation && phase) at(operation, phase, goesLive)
      else goesLive()
      await stage.applyAll(pair)
      expect(stage.site.published).toBe(begun)
      expect(stage.site.deploys).toHaveLength(2)
      expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
      expect(await stage.visit('/')).toBe('200 home')
      expect(await stage.pass(stage.desired())).toEqual([])
    },
    60_000,
  )

  const changedMoments = [
    ...moments,
    ['when it was to be ended, which is refused by then', 'cancelSiteDeploy', 'received'],
    ['after its end was asked for and refused', 'cancelSiteDeploy', 'done'],
    ['when the next one is begun', 'createSiteDeploy', 'done'],
  ] as const
  it.each(changedMoments)(
    '%s, and the source has changed: what the source says follows it',
    async (_, operation, phase) => {
      await dieBeforeItIsLive()
      await stage.addFunction('hello', 'changed')
      const pair = await stage.observe(stage.desired())
      if (operation && phase) at(operation, phase, goesLive)
      else goesLive()
      await stage.applyAll(pair)
      expect(await stage.visit('/.netlify/functions/hello')).toBe('200 changed')
      expect(await stage.visit('/')).toBe('200 home')
      expect(await stage.pass(stage.desired())).toEqual([])
    },
    60_000,
  )

  it('while what was published before is to be taken back: there is nothing to take back any more', async () => {
    await stage.addFunction('hello', 'good')
    const desired = stage.desired({
      verify: [{ function: 'hello', path: '/.netlify/functions/hello', status: 200 }],
      rollbackOnFailedVerify: true,
    })
    await stage.pass(desired)
    await stage.observe(desired)
    stage.site.age(61_000)
    await stage.write(
      'netlify/functions/hello.mjs',
      "export default async () => new Response('bad', { status: 500 })\n",
    )
    await stage.pass(desired)
    stage.site.age(61_000)
    for (let failures = 0; failures < 3; failures += 1) await stage.observe(desired)
    const failing = await stage.observe(desired)
    // Begun by a pass that was killed, when the source had been mended.
    const bad = stage.site.published
    if (!bad) throw new Error('Expected that it is published')
    const mended = stage.site.begin({ title: `${bad.title}`, files: bad.files, functions: bad.functions })
    stage.site.advance(mended)
    await stage.applyAll(failing)
    expect(stage.site.published).toBe(mended)
    expect(stage.simulator.callsTo('restoreSiteDeploy')).toEqual([])
  }, 60_000)

  it('while all are to be removed: what it brings beyond what was counted does not go unasked', async () => {
    await stage.pass(stage.desired())
    stage.site.age(61_000)
    await stage.addFunction('second')
    await dieBeforeItIsLive()
    const owned = {
      id: resourceId('FunctionSet', 'site'),
      externalName: 'acme-site',
      origin: 'adopted',
      deletionPolicy: 'Delete',
      fields: {},
      memory: {},
      since: 0,
    } as const
    const pair = await stage.observe(undefined, owned)
    goesLive()
    await expect(stage.applyAll(pair)).rejects.toThrow(/function second would go as well/)
    expect(stage.published()).toEqual(['hello', 'second'])
    stage.site.age(61_000)
    expect(await stage.pass(undefined, owned)).toMatchObject([{ removes: 2 }])
    expect(stage.published()).toEqual([])
  }, 60_000)
})

describe('somebody publishes an older deploy of ours during a pass', () => {
  it('is his word: the pass does nothing against it', async () => {
    await stage.pass(stage.desired())
    const older = stage.site.published
    stage.site.age(120_000)
    await stage.addFunction('hello', 'second')
    await stage.pass(stage.desired())
    stage.site.age(120_000)
    await stage.addFunction('hello', 'third')
    // What files there are is known no more.
    stage.restart()
    const pair = await stage.observe(stage.desired())
    at('listSiteFiles', 'received', () => {
      if (older) stage.site.publish(older)
    })
    await expect(stage.applyAll(pair)).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(stage.site.published).toBe(older)
    expect(stage.site.deploys).toHaveLength(3)
  }, 60_000)
})

describe('a deploy that was ready while the site was locked', () => {
  /** A person locks the site when a deploy is about to be begun, and the pass ends before it gave up waiting. */
  async function lockedOut(): Promise<SimulatedDeploy> {
    const { simulator, site } = stage
    const death = new AbortController()
    simulator.hook = ({ operation, phase }) => {
      if (operation === 'createSiteDeploy' && phase === 'received' && site.published) {
        site.published.isLocked = true
      }
      const isBegun = site.deploys.at(-1) !== site.published
      if (operation === 'getSite' && isBegun && site.deploys.at(-1)?.state === 'ready') death.abort()
    }
    await expect(stage.pass(stage.desired(), undefined, death.signal)).rejects.toThrow()
    simulator.hook = undefined
    const ready = site.deploys.at(-1)
    if (ready?.state !== 'ready') throw new Error('Expected a deploy that is ready')
    expect(site.published).not.toBe(ready)
    return ready
  }

  it('is published when the site is unlocked: Netlify publishes only what ends after that', async () => {
    await stage.pass(stage.desired())
    stage.site.age(61_000)
    await stage.addFunction('hello', 'two')
    const ready = await lockedOut()
    if (stage.site.published) stage.site.published.isLocked = false
    await stage.pass(stage.desired(), undefined, AbortSignal.timeout(20_000))
    expect(stage.site.published).toBe(ready)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 two')
  }, 60_000)

  it('stays unpublished where the site is locked again after that was decided', async () => {
    await stage.pass(stage.desired())
    stage.site.age(61_000)
    await stage.addFunction('hello', 'two')
    await lockedOut()
    const { published } = stage.site
    if (!published) throw new Error('Expected a deploy')
    published.isLocked = false
    const pair = await stage.observe(stage.desired())
    published.isLocked = true
    await expect(stage.applyAll(pair)).rejects.toThrow(
      /deploy \w+ is locked: nothing newer would be published/,
    )
    expect(stage.site.published).toBe(published)
  }, 60_000)
})
