import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** Somebody else deploys, once, when an operation comes to a point. */
function deployAt(operation: string, phase: 'received' | 'done'): void {
  let isDone = false
  stage.simulator.hook = (at) => {
    if (isDone || at.operation !== operation || at.phase !== phase) return
    isDone = true
    stage.site.seed({ files: { '/index.html': 'theirs' }, title: 'git push' })
  }
}

describe('somebody else deploys meanwhile', () => {
  it('right after ours went live: theirs stays', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home', '/about.html': 'about' } })
    await stage.addFunction('hello')
    deployAt('uploadDeployFunction', 'done')
    await stage.pass(stage.desired()).catch(() => undefined)
    expect(stage.site.published).toMatchObject({ title: 'git push' })
    expect(await stage.visit('/')).toBe('200 theirs')
    expect(stage.simulator.callsTo('restoreSiteDeploy')).toEqual([])
  }, 60_000)

  it('while ours is looked at: theirs stays', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home', '/about.html': 'about' } })
    await stage.addFunction('hello')
    let isLive = false
    stage.simulator.hook = ({ operation, phase }) => {
      if (operation === 'uploadDeployFunction' && phase === 'done') isLive = true
      if (!isLive || operation !== 'listSiteFiles' || phase !== 'received') return
      isLive = false
      stage.site.seed({ files: { '/index.html': 'theirs' }, title: 'git push' })
    }
    await stage.pass(stage.desired())
    expect(stage.site.published).toMatchObject({ title: 'git push' })
    expect(stage.simulator.callsTo('restoreSiteDeploy')).toEqual([])
  }, 60_000)

  it('before ours is whole: ours is ended, and decided anew on theirs', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    deployAt('createSiteDeploy', 'done')
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(stage.site.deploys.map(({ title, isCancelled }) => [title.split(' ')[0], isCancelled])).toEqual([
      ['', false],
      ['reconciled', true],
      ['git', false],
    ])
    stage.site.age(61_000)
    await stage.pass(stage.desired())
    expect(await stage.visit('/')).toBe('200 theirs')
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
  }, 60_000)

  it('between two of our readings: nothing is made of both', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    const pair = await stage.observe(stage.desired())
    deployAt('listSiteFiles', 'received')
    await expect(stage.applyAll(pair)).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(stage.simulator.callsTo('createSiteDeploy')).toEqual([])
    expect(await stage.visit('/')).toBe('200 theirs')
  }, 60_000)

  it('while functions are bundled: that ends at once, and leaves nothing', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' } })
    const names = Array.from({ length: 30 }, (_, index) => `fn-${index}`)
    for (const name of names) await stage.addFunction(name)
    const pair = await stage.observe(stage.desired())
    const bundled = join(stage.folder, '.reconcile/functions/state.db')
    // Netlify is so slow that the first of them are made before it answers.
    stage.simulator.hook = async ({ operation, phase }) => {
      if (operation !== 'listSiteFiles' || phase !== 'received') return
      await vi.waitFor(async () => expect(await readdir(bundled)).not.toEqual([]), 30_000)
      stage.site.seed({ files: { '/index.html': 'theirs' }, title: 'git push' })
      stage.simulator.hook = undefined
    }
    await expect(stage.applyAll(pair)).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(await readdir(bundled)).toEqual([])
    stage.site.age(61_000)
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/fn-29')).toBe('200 fn-29')
  }, 60_000)
})

describe('a loss that only one reading shows', () => {
  it('is not believed', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    let hidden: Readonly<Record<string, string>> | undefined
    stage.simulator.hook = ({ operation, phase }) => {
      const deploy = stage.site.deploys.at(-1)
      if (!deploy?.title.startsWith('reconciled') || deploy.state !== 'ready') return
      if (operation !== 'listSiteFiles') return
      if (phase === 'received' && !hidden) {
        hidden = deploy.files
        deploy.files = {}
      } else if (phase === 'done' && hidden) deploy.files = hidden
    }
    await stage.pass(stage.desired())
    expect(stage.site.published?.title).toMatch(/^reconciled FunctionSet\/site acme\/\/store /)
    expect(await stage.visit('/')).toBe('200 home')
  }, 60_000)
})

describe('a deploy that only brings changed variables', () => {
  it('is found again although it is published already, and not made twice', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    const desired = stage.desired({ env: { LOG_LEVEL: 'info' } })
    stage.simulator.faults.add({ kind: 'cut-after', on: 'createSiteDeploy', times: 1 })
    await expect(stage.pass(desired)).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    stage.restart()
    expect(await stage.pass(desired)).toMatchObject([{ type: 'prove' }])
    expect(stage.site.deploys).toHaveLength(2)
    stage.restart()
    expect(await stage.pass(desired)).toEqual([])
  }, 60_000)

  it('follows where we died between remembering a variable and setting it', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    const desired = stage.desired({ env: { LOG_LEVEL: 'info' } })
    stage.simulator.faults.add({ kind: 'cut-after', on: 'createEnvVars', times: 1 })
    await expect(stage.pass(desired)).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    stage.restart()
    expect((await stage.pass(desired)).map(({ type }) => type)).toEqual(['deploy'])
    expect(await stage.pass(desired)).toEqual([])
    expect(stage.site.deploys).toHaveLength(2)
  }, 60_000)
})
