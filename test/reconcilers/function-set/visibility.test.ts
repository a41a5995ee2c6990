import { afterEach, describe, expect, it } from 'vitest'
import type { Owned } from '../../../src/core/ownership.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { DesiredFunctionSet } from '../../../src/reconcilers/function-set/place.ts'
import { SimulatedSite } from '../../simulators/netlify/world.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

const owned = (fields: Owned['fields'] = {}): Owned => ({
  id: stage.desired().id,
  externalName: 'acme-site',
  origin: 'adopted',
  deletionPolicy: 'Delete',
  fields,
  memory: {},
  since: 0,
})

describe('what is removed from a site that takes no deploys of ours', () => {
  const cases = [
    [
      'a lock',
      () => stage.site.published && Object.assign(stage.site.published, { isLocked: true }),
      /locked/,
    ],
    [
      '`prevent_non_git_prod_deploys`',
      () => Object.assign(stage.site, { refusesOtherDeploys: true }),
      /prevent_non_git/,
    ],
    [
      'a link to git',
      () => Object.assign(stage.site, { repository: 'https://github.com/acme/site' }),
      /linked to/,
    ],
  ] as const
  for (const [what, close, message] of cases) {
    it(`stays: ${what}`, async () => {
      stage = await FunctionStage.open()
      await stage.addFunction('hello')
      await stage.pass(stage.desired())
      close()
      expect(await stage.pass(undefined, owned())).toMatchObject([
        { verb: 'delete', blocked: { reason: 'NotAllowed', message: expect.stringMatching(message) } },
      ])
      expect(stage.published()).toEqual(['hello'])
    }, 60_000)
  }

  it('goes from a site that is linked to git where the manifest had said `via: api`', async () => {
    stage = await FunctionStage.open({ repository: 'https://github.com/acme/site' })
    stage.site.seed({})
    await stage.addFunction('hello')
    await stage.pass(stage.desired({ via: 'api' }))
    await stage.pass(undefined, owned({ via: { value: 'api', sensitive: false } }))
    expect(stage.published()).toEqual([])
  }, 60_000)
})

describe('a site that Netlify does not show', () => {
  it('is unread, not absent, where it was never seen', async () => {
    stage = await FunctionStage.open()
    stage.site.isVisible = false
    await expect(stage.observe(stage.desired())).rejects.toThrow(/shows no site acme-site to this credential/)
    await expect(stage.observe(undefined, owned())).rejects.toThrow(/shows no site acme-site/)
  })

  it('is unread where its team is not seen any more, and absent where it is', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.observe(stage.desired())
    stage.site.isVisible = false
    const account = stage.simulator.accounts.pop() ?? ''
    stage.restart()
    await expect(stage.observe(stage.desired())).rejects.toThrow(/shows no site acme-site/)
    await expect(stage.observe(undefined, owned())).rejects.toThrow(/shows no site acme-site/)
    stage.simulator.accounts.push(account)
    expect((await stage.observe(undefined, owned())).observed).toBeUndefined()
    const pair = await stage.observe(stage.desired())
    expect(stage.assess(pair)).toMatchObject({ status: 'Missing' })
    // What is not there is not in sync either.
    expect(await stage.pass(stage.desired())).toMatchObject([
      { verb: 'create', blocked: { reason: 'NotAllowed', message: expect.stringContaining('acme-site') } },
    ])
    expect(stage.simulator.writes()).toEqual([])
  })

  it('has nothing taken off it by a deletion that could not look', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    const pair = await stage.observe(undefined, owned())
    stage.site.isVisible = false
    await expect(stage.applyAll(pair)).rejects.toMatchObject({ code: 'RemoteChanged' })
    expect(stage.published()).toEqual(['hello'])
  }, 60_000)

  it('is told what it is called now, and keeps its row', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    Object.assign(stage.site, { name: 'new-name' })
    stage.restart()
    await expect(stage.observe(stage.desired())).rejects.toThrow(/it is called new-name now/)
    expect((await stage.observe(undefined, owned())).observed?.site.name).toBe('new-name')
  }, 60_000)

  it('is found by its exact name on a later page', async () => {
    stage = await FunctionStage.open()
    const [mine] = stage.simulator.sites.splice(0, 1)
    for (let index = 0; index < 120; index += 1) {
      stage.simulator.sites.push(new SimulatedSite(`acme-site-${index}`))
    }
    if (mine) stage.simulator.sites.push(mine)
    await stage.addFunction('hello')
    expect((await stage.observe(stage.desired())).observed?.site.id).toBe(stage.site.id)
  }, 60_000)
})

describe('a variable at Netlify', () => {
  const secret = (text: string) => Secret.read('fromEnv API_KEY', text, `digest of ${text}`)
  const envOf = (env: Record<string, string | Secret>) =>
    stage.desired({ env: env as DesiredFunctionSet['spec']['env'] & object })
  const valuesOf = (key: string) =>
    Object.fromEntries(stage.site.env.get(key)?.values.map(({ context, value }) => [context, value]) ?? [])
  const put = (key: string, values: Record<string, string>, is_secret = false) =>
    stage.site.env.set(key, {
      key,
      is_secret,
      scopes: [],
      values: Object.entries(values).map(([context, value]) => ({ id: context, context, value })),
    })

  it('that anybody can read is made a secret, although its value is right', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    put('API_KEY', { all: 'one' })
    await stage.pass(envOf({ API_KEY: secret('one') }))
    expect(stage.site.env.get('API_KEY')).toMatchObject({ is_secret: true })
    expect(await stage.pass(envOf({ API_KEY: secret('one') }))).toEqual([])
  }, 60_000)

  it('keeps what it says in other contexts', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    put('LEVEL', { production: 'warn', 'deploy-preview': 'debug', dev: 'trace' })
    put('OTHER', { all: 'old' })
    put('API_KEY', { production: 'old', dev: 'for development' })
    await stage.pass(envOf({ LEVEL: 'info', OTHER: 'new', API_KEY: secret('one') }))
    expect(valuesOf('LEVEL')).toEqual({ production: 'info', 'deploy-preview': 'debug', dev: 'trace' })
    expect(valuesOf('OTHER')).toEqual({ all: 'new' })
    expect(valuesOf('API_KEY')).toEqual({ production: 'one', dev: 'for development' })
    stage.site.age(61_000)
    await stage.pass(envOf({ LEVEL: 'info', OTHER: 'new', API_KEY: secret('two') }))
    expect(valuesOf('API_KEY')).toMatchObject({ production: 'two', dev: 'for development' })
  }, 60_000)
})
