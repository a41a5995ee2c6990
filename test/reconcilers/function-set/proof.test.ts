import { afterEach, describe, expect, it } from 'vitest'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
  expect(stage.simulator.leaks).toEqual([])
})

/** One redirect stands in a file; the three of the build no deploy of ours can carry, and nobody tells them apart before. */
const files = { '/index.html': 'home', '/_redirects': '/a /b 301' }
const ofBuild = { redirects: 3, headers: 0, edgeFunctions: 0 }

/** From when ours is published, Netlify lists no files: the last look at it is cut off. */
function cutOffTheProof(): void {
  let isCut = false
  stage.simulator.hook = ({ operation, phase }) => {
    const isOurs = stage.site.published?.title.startsWith('reconciled')
    if (isCut || phase !== 'received' || operation !== 'listSiteFiles' || !isOurs) return
    isCut = true
    stage.simulator.faults.add({ kind: '500', on: 'listSiteFiles', times: 3 })
  }
}

describe('a deploy whose last proof was cut off', () => {
  it('is no success, and is taken back at the next pass where it lacks something', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ files, buildRules: ofBuild })
    await stage.addFunction('hello')
    cutOffTheProof()
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'RemoteUnavailable' })
    const lossy = stage.site.publishedId
    expect(lossy).not.toBe(before.id)
    stage.restart()
    const pair = await stage.observe(stage.desired())
    expect(stage.assess(pair)).toMatchObject({
      status: 'Progressing',
      reason: 'Unproven',
      message: `whether deploy ${lossy} holds all that it must has not been looked at yet`,
    })
    await expect(stage.applyAll(pair)).rejects.toThrow(
      `Deploy ${lossy} lacks 3 redirects; deploy ${before.id} is published again`,
    )
    expect(stage.site.publishedId).toBe(before.id)
    expect(stage.assess(await stage.observe(stage.desired()))).toMatchObject({ status: 'Degraded' })
  }, 60_000)

  it('is taken back before another is made on it', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ files, buildRules: ofBuild })
    await stage.addFunction('hello')
    cutOffTheProof()
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'RemoteUnavailable' })
    stage.site.age(61_000)
    await stage.addFunction('hello', 'changed')
    await expect(stage.pass(stage.desired())).rejects.toThrow(/lacks 3 redirects/)
    expect(stage.site.publishedId).toBe(before.id)
    expect(stage.site.deploys).toHaveLength(2)
  }, 60_000)

  it('is looked at once, and stays where it holds everything', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files })
    await stage.addFunction('hello')
    cutOffTheProof()
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'RemoteUnavailable' })
    stage.restart()
    expect(await stage.pass(stage.desired())).toMatchObject([{ type: 'prove', verb: 'run' }])
    expect(await stage.pass(stage.desired())).toEqual([])
    expect(stage.assess(await stage.observe(stage.desired()))).toMatchObject({ status: 'Healthy' })
    expect(stage.site.deploys).toHaveLength(2)
  }, 60_000)

  it('is left alone where a person publishes it again after it was taken back', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files, buildRules: ofBuild })
    await stage.addFunction('hello')
    await expect(stage.pass(stage.desired())).rejects.toThrow(/lacks 3 redirects/)
    const lossy = stage.site.deploys.at(-1)
    if (!lossy) throw new Error('nothing was deployed')
    stage.site.publish(lossy)
    expect(await stage.pass(stage.desired())).toEqual([])
    expect(stage.site.publishedId).toBe(lossy.id)
  }, 60_000)
})

describe('what lost something once', () => {
  it('is not tried again on the same deploy, however the source changes', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ files, buildRules: ofBuild })
    await stage.addFunction('hello')
    await expect(stage.pass(stage.desired())).rejects.toThrow(/lacks 3 redirects/)
    stage.site.age(61_000)
    await stage.addFunction('hello', 'changed')
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { reason: 'NotAllowed', message: expect.stringContaining('it lacked 3 redirects') } },
    ])
    expect(stage.site.deploys).toHaveLength(2)
    expect(stage.site.publishedId).toBe(before.id)
    // Somebody published the site anew.
    stage.site.age(61_000)
    stage.site.seed({ files })
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 changed')
  }, 60_000)
})
