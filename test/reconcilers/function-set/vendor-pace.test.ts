import { afterEach, describe, expect, it } from 'vitest'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** As many as make Netlify compare them in its own time. */
const manyFiles = Object.fromEntries(
  Array.from({ length: 120 }, (_, index) => [`/page-${index}.html`, `${index}`]),
)

/** The states that the newest deploy was in, one after another, as calls met it. */
function statesMet({ simulator, site }: FunctionStage): readonly string[] {
  const met: string[] = []
  simulator.hook = ({ phase }) => {
    const state = site.deploys.at(-1)?.state ?? ''
    if (phase === 'done' && met.at(-1) !== state) met.push(state)
  }
  return met
}

const isOpen = ({ site }: FunctionStage) =>
  site.deploys.filter(({ state }) => state !== 'ready' && state !== 'error').length

describe('a deploy of more than a hundred entries', () => {
  it('waits until Netlify compared them, sends what it lacks, and waits until it was processed', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: manyFiles })
    await stage.addFunction('hello')
    Object.assign(stage.site.pace, { preparing: 500, processing: 800 })
    const met = statesMet(stage)
    await stage.pass(stage.desired())
    expect(met).toEqual(['ready', 'preparing', 'prepared', 'uploaded', 'processing', 'ready'])
    expect(stage.simulator.callsTo('uploadDeployFunction').map(({ status }) => status)).toEqual([200])
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
    expect(await stage.visit('/page-119.html')).toBe('200 119')
    expect(await stage.pass(stage.desired())).toEqual([])
  }, 60_000)

  it('is taken up where it was left, whatever state it had by then', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: manyFiles })
    Object.assign(stage.site.pace, { preparing: 400, processing: 600 })
    for (const [index, operation] of [
      'createSiteDeploy',
      'getSiteDeploy',
      'uploadDeployFunction',
    ].entries()) {
      const deploys = stage.site.deploys.length
      await stage.addFunction('hello', operation)
      const controller = new AbortController()
      stage.simulator.hook = (at) => {
        if (at.operation !== operation || at.phase !== 'done' || stage.site.deploys.length === deploys) return
        controller.abort()
      }
      await expect(stage.pass(stage.desired(), undefined, controller.signal)).rejects.toThrow()
      stage.simulator.hook = undefined
      expect(isOpen(stage), operation).toBe(1)
      stage.restart()
      await stage.pass(stage.desired())
      expect(await stage.visit('/.netlify/functions/hello')).toBe(`200 ${operation}`)
      expect(stage.site.deploys).toHaveLength(2 + index)
      stage.site.age(61_000)
    }
  }, 60_000)

  it('is left to itself where Netlify does not end it in time, and found again when it did', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ files: manyFiles })
    await stage.addFunction('hello')
    Object.assign(stage.site.pace, { processing: Number.POSITIVE_INFINITY })
    const end = new AbortController()
    stage.simulator.hook = ({ operation, phase }) => {
      const isWhole = stage.site.deploys.at(-1)?.state === 'uploaded'
      if (isWhole && operation === 'getSiteDeploy' && phase === 'done') end.abort()
    }
    await expect(stage.pass(stage.desired(), undefined, end.signal)).rejects.toThrow()
    stage.simulator.hook = undefined
    expect(stage.site.published).toBe(before)
    expect(isOpen(stage)).toBe(1)
    stage.restart()
    Object.assign(stage.site.pace, { processing: 0 })
    await expect.poll(() => stage.visit('/.netlify/functions/hello'), { timeout: 20_000 }).toBe('200 hello')
    expect(await stage.pass(stage.desired())).toMatchObject([{ type: 'prove' }])
    expect(await stage.pass(stage.desired())).toEqual([])
    expect(stage.site.deploys).toHaveLength(2)
  }, 60_000)
})

describe('a limit of Netlify’s', () => {
  it('met while uploading is waited for, and the deploy goes on with what is lacking', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' } })
    const names = Array.from({ length: 12 }, (_, index) => `fn-${index}`)
    for (const name of names) await stage.addFunction(name)
    let refusedAt = 0
    stage.simulator.hook = ({ operation, phase }) => {
      if (operation !== 'uploadDeployFunction' || phase !== 'received') return
      if (stage.simulator.callsTo('uploadDeployFunction').length !== 4 || refusedAt > 0) return
      // Almost all of the minute is over.
      stage.simulator.endMinuteIn(3000)
      stage.simulator.faults.add({ kind: '429', times: 1 })
      refusedAt = Date.now()
    }
    await stage.pass(stage.desired())
    const statuses = stage.simulator.callsTo('uploadDeployFunction').map(({ status }) => status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
    expect(statuses.filter((status) => status === 200)).toHaveLength(names.length)
    expect(stage.site.deploys).toHaveLength(2)
    expect(stage.published()).toEqual([...names].sort())
  }, 60_000)

  it('that lasts longer than a deploy may wait leaves the deploy to be taken up', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    let isMet = false
    stage.simulator.hook = ({ operation, phase }) => {
      if (operation !== 'getSiteDeploy' || phase !== 'received' || isMet) return
      if (stage.simulator.callsTo('uploadDeployFunction').length === 0) return
      isMet = true
      stage.simulator.faults.add({ kind: '429', on: 'getSiteDeploy', times: 1 })
    }
    Object.assign(stage.site.pace, { processing: 3000 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'RateLimited' })
    stage.simulator.hook = undefined
    expect(stage.site.published).toBe(before)
    // Netlify named its time, and until then nothing is asked of it.
    stage.simulator.calls.length = 0
    await expect(stage.pass(stage.desired())).rejects.toThrow(/Netlify asked us to wait/)
    expect(stage.simulator.calls).toEqual([])
    stage.restart()
    stage.simulator.age(61_000)
    await stage.pass(stage.desired())
    expect(stage.simulator.callsTo('createSiteDeploy')).toEqual([])
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
  }, 60_000)

  it('is kept to before it is met: what is left is for a deploy under way', async () => {
    stage = await FunctionStage.open({}, { callsAMinute: 300 })
    stage.site.seed({})
    await stage.addFunction('hello')
    for (let call = 0; call < 198; call += 1) {
      await (await fetch(`${stage.simulator.url}/accounts`)).arrayBuffer()
    }
    await expect(stage.pass(stage.desired())).rejects.toThrow(/100 calls left, which are kept for writes/)
    expect(stage.simulator.writes()).toEqual([])
    stage.restart()
    stage.simulator.age(61_000)
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
  }, 60_000)
})

describe('a list that lags behind', () => {
  it('of deploys leads to another deploy of the same, and to one that is published', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    stage.simulator.faults.add({ kind: 'cut-after', on: 'createSiteDeploy', times: 1 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    stage.restart()
    stage.simulator.faults.add({ kind: 'stale-list', on: 'listSiteDeploys', times: 1 })
    await stage.pass(stage.desired())
    expect(stage.site.deploys.filter(({ state }) => state === 'ready')).toEqual([stage.site.published])
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
    expect(await stage.pass(stage.desired())).toEqual([])
  }, 60_000)

  it('of sites does not lead to a deploy: what is published is read once more before', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    stage.simulator.calls.length = 0
    stage.simulator.faults.add({ kind: 'stale-list', on: 'listSites', times: 1 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(stage.simulator.writes()).toEqual([])
    expect(await stage.pass(stage.desired())).toEqual([])
  }, 60_000)
})

describe('deploys of others, minutes ago', () => {
  it.each([
    ['behind', -600_000],
    ['ahead', 600_000],
  ])('do not count towards those of the last minute where the clock here is %s', async (_, skew) => {
    stage = await FunctionStage.open()
    stage.ahead = skew
    for (let count = 0; count < 3; count += 1) stage.site.seed({ files: { '/index.html': `${count}` } })
    await stage.addFunction('hello')
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({
      code: 'RateLimited',
      message: expect.stringMatching(/^Netlify takes 3 deploys of a site a minute/),
    })
    expect(stage.simulator.callsTo('createSiteDeploy')).toEqual([])
    stage.simulator.age(300_000)
    await stage.pass(stage.desired())
    expect(stage.published()).toEqual(['hello'])
  })
})
