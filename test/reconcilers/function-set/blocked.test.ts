import { afterEach, describe, expect, it } from 'vitest'
import { foreignFunction } from '../../simulators/netlify/zip.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
  expect(stage.simulator.leaks).toEqual([])
})

const foreign = { hello: { zip: foreignFunction('hello', 'an old version') } }

describe('functions that differ and may not be deployed', () => {
  it('are Degraded while the site is locked, and say so', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({})
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    if (stage.site.published) stage.site.published.isLocked = true
    await stage.addFunction('hello', 'changed')
    const desired = stage.desired()
    expect(await stage.pass(desired)).toMatchObject([{ blocked: { reason: 'NotAllowed' } }])
    const assessment = stage.assess(await stage.observe(desired))
    expect(assessment).toMatchObject({
      status: 'Degraded',
      reason: 'NotPublished',
      message: expect.stringMatching(/^the site is not as the directory: function hello; .* is locked/),
      children: [{ name: 'hello', health: 'Degraded', message: 'another version is on the site' }],
    })
  }, 60_000)

  it('are Degraded where somebody else put another version there', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ functions: foreign })
    await stage.addFunction('hello')
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'NotOurs' })
    expect(stage.assess(await stage.observe(stage.desired()))).toMatchObject({
      status: 'Degraded',
      message: expect.stringContaining('`adopt: true` replaces what is there'),
    })
  }, 60_000)

  it('are Degraded where a schedule or a variable alone waits for the deploy', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({})
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    if (stage.site.published) stage.site.published.isLocked = true
    const scheduled = await stage.observe(stage.desired({ schedules: { hello: '@daily' } }))
    expect(stage.assess(scheduled)).toMatchObject({ status: 'Degraded', reason: 'NotPublished' })
    const desired = stage.desired({ env: { LEVEL: 'info' } })
    // Whether it was set, or is not to be set before it could take effect.
    for (const isSet of [false, true]) {
      if (isSet) await stage.pass(desired)
      expect(stage.assess(await stage.observe(desired))).toMatchObject({
        status: 'Degraded',
        message: expect.stringMatching(/^changed variables do not take effect; .* is locked/),
      })
    }
    const ignored = stage.desired({ env: { LEVEL: 'debug' } }, { ignore: ['/env'] })
    stage.restart()
    stage.kept.clear()
    expect(stage.assess(await stage.observe(ignored))).toMatchObject({ status: 'Healthy' })
  }, 60_000)

  it('say what stands against it where they are not on the site at all', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({}).isLocked = true
    await stage.addFunction('hello')
    expect(stage.assess(await stage.observe(stage.desired()))).toMatchObject({
      status: 'Degraded',
      reason: 'FunctionsMissing',
      message: expect.stringMatching(/^not on the site: function hello; deploy .* is locked/),
    })
  }, 60_000)

  it('are Healthy where nobody here deploys them', async () => {
    stage = await FunctionStage.open({ repository: 'https://github.com/acme/site' })
    stage.site.seed({ functions: foreign })
    await stage.addFunction('hello')
    for (const desired of [
      stage.desired(),
      stage.desired({ via: 'build' }),
      stage.desired({ via: 'api' }, { managementPolicy: 'Observe' }),
      stage.desired({ via: 'api' }, { ignore: ['/directory'] }),
    ]) {
      expect(stage.assess(await stage.observe(desired))).toMatchObject({ status: 'Healthy' })
    }
  }, 60_000)
})
