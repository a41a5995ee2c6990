import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { reconciler } from '../../../src/reconcilers/function-set/index.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

describe('a deploy of somebody else', () => {
  it('is said to be one, where it made ours necessary and where it is as declared', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    const { functions = {} } = stage.site.published ?? {}
    const theirs = stage.site.begin({ title: 'git push', functions: { ...functions } })
    stage.site.advance(theirs)
    const same = stage.assess(await stage.observe(stage.desired()))
    expect(same).toMatchObject({ status: 'Healthy', reason: 'PublishedByOthers' })
    expect(same.message).toContain(`deploy ${theirs.id} was made by somebody else ("git push")`)
    const bare = stage.site.begin({ title: '' })
    stage.site.advance(bare)
    stage.site.age(61_000)
    const [action] = await stage.pass(stage.desired())
    expect(action?.reason).toBe(`drifted: deploy ${bare.id} was made by somebody else (without a title)`)
    expect(stage.assess(await stage.observe(stage.desired()))).toMatchObject({ reason: 'Published' })
  }, 60_000)
})

describe('functions as children', () => {
  const healthOf = (children: readonly { readonly name: string; readonly health: string }[]) =>
    Object.fromEntries(children.map(({ name, health }) => [name, health]))

  it('are not on their way where nobody here deploys them', async () => {
    stage = await FunctionStage.open({ repository: 'https://github.com/acme/site' })
    stage.site.seed({ functions: { hello: { zip: Buffer.from('built by Netlify') } } })
    await stage.addFunction('hello')
    await stage.addFunction('absent')
    const seen = { hello: 'Healthy', absent: 'Missing' }
    for (const desired of [
      stage.desired({ via: 'build' }),
      stage.desired({ via: 'api' }, { managementPolicy: 'Observe' }),
    ]) {
      expect(healthOf(stage.assess(await stage.observe(desired)).children)).toEqual(seen)
    }
    const managed = stage.assess(await stage.observe(stage.desired({ via: 'api' })))
    expect(healthOf(managed.children)).toEqual({ hello: 'Progressing', absent: 'Missing' })
  })

  it('tell of every request that verified them, and when', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    const path = '/.netlify/functions/hello?x=1'
    const verify = [{ function: 'hello' }, { function: 'hello', path, status: 201 }]
    await stage.pass(stage.desired({ verify }))
    const pair = await stage.observe(stage.desired({ verify }))
    const now = Date.parse('2026-11-26T12:00:00Z')
    const { children } = reconciler.assess(pair, { now, samples: [] })
    expect(children[0]?.details).toMatchObject({
      verified: `/.netlify/functions/hello 200, ${path} 200 instead of 201`,
      verifiedAt: '2026-11-26T12:00:00.000Z',
    })
  }, 60_000)
})

describe('the plan', () => {
  it('says how many calls of Netlify’s limit it takes', async () => {
    stage = await FunctionStage.open()
    for (const name of ['one', 'two', 'three']) await stage.addFunction(name)
    const env = { LOG_LEVEL: 'info' }
    const actions = reconciler.diff(await stage.observe(stage.desired({ env })))
    expect(actions.map(({ type, calls }) => [type, calls])).toEqual([
      ['set-env', 5],
      ['deploy', 27],
    ])
    stage.simulator.calls.length = 0
    await stage.pass(stage.desired({ env }))
    expect(stage.simulator.calls.length).toBeLessThanOrEqual(32)
  }, 60_000)

  it('refuses what is larger than Netlify takes, before anything is sent', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    await stage.addFunction('hello', 'changed')
    const pair = await stage.observe(stage.desired())
    const [file] = pair.observed?.source.functions ?? []
    if (!pair.observed || !file) throw new Error('no function')
    const bundle = {
      name: 'hello',
      digest: '0'.repeat(64),
      size: 61_000_000,
      inputs: [],
      included: { globs: [], base: '' },
      runtime: 'js',
      invocationMode: undefined,
      timeout: undefined,
      schedule: undefined,
      config: undefined,
    }
    const source = { ...pair.observed.source, functions: [{ ...file, bundle }] }
    expect(reconciler.diff({ ...pair, observed: { ...pair.observed, source } })).toMatchObject([
      { blocked: { message: 'Netlify takes functions of 50 MB, zipped: hello (hello.mjs) is 59 MB' } },
    ])
  }, 60_000)

  it('writes the list of functions although the deploy must wait', async () => {
    stage = await FunctionStage.open({ repository: 'https://github.com/acme/site' })
    stage.site.seed({})
    await stage.addFunction('hello')
    const desired = stage.desired({ inventory: '../list.json' })
    expect((await stage.pass(desired)).map(({ type }) => type)).toEqual(['write-inventory'])
    expect(await readFile(join(stage.folder, 'list.json'), 'utf8')).toContain('hello.mjs')
    expect(await stage.pass(desired)).toMatchObject([{ type: 'deploy', blocked: { reason: 'NotAllowed' } }])
    expect(stage.simulator.writes()).toEqual([])
  })
})

describe('the list of functions', () => {
  it('is written without a token, and what is wrong is told after', async () => {
    stage = await FunctionStage.open()
    stage.hasToken = false
    await stage.addFunction('hello')
    const desired = stage.desired({ inventory: '../list.json' })
    const pair = await stage.observe(desired)
    expect(stage.assess(pair)).toMatchObject({ status: 'Unknown', reason: 'CredentialsMissing' })
    expect((await stage.applyAll(pair)).map(({ type }) => type)).toEqual(['write-inventory'])
    expect(await readFile(join(stage.folder, 'list.json'), 'utf8')).toContain('hello.mjs')
    await expect(stage.observe(desired)).rejects.toThrow('NETLIFY_AUTH_TOKEN is not set')
    expect(stage.simulator.calls).toEqual([])
  })

  it('is written while Netlify is down', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    stage.simulator.faults.add({ kind: '500' })
    const desired = stage.desired({ inventory: '../list.json' })
    expect(await stage.pass(desired)).toMatchObject([
      {
        type: 'write-inventory',
        // A plan shows nothing else of it.
        reason:
          'it does not exist; nothing is known of the site: Could not read the site acme-site: Netlify answered 500',
      },
    ])
    await expect(stage.observe(desired)).rejects.toThrow('Netlify answered 500')
  })
})

describe('progress', () => {
  it('is told while functions are bundled and uploaded', async () => {
    stage = await FunctionStage.open()
    for (const name of ['one', 'two', 'three']) await stage.addFunction(name)
    const [action] = reconciler.diff(await stage.observe(stage.desired()))
    if (!action) throw new Error('nothing wanted')
    const told: string[] = []
    const connection = await stage.connection()
    await connection.apply(action, AbortSignal.timeout(60_000), (progress) => told.push(progress))
    expect(told.slice(0, 7)).toEqual([
      'bundled 1/3 functions',
      'bundled 2/3 functions',
      'bundled 3/3 functions',
      'begins a deploy',
      'uploaded 1/3 functions',
      'uploaded 2/3 functions',
      'uploaded 3/3 functions',
    ])
  }, 60_000)
})

describe('functions of somebody else whose routes are not told', () => {
  it('are carried where a person says that they have none', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ functions: { v2: { zip: Buffer.from('z'), mode: 'stream' } } })
    await stage.addFunction('hello')
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { message: expect.stringContaining('adopt: true') } },
    ])
    await stage.pass(stage.desired({}, { adopt: true }))
    expect(stage.published()).toEqual(['hello', 'v2'])
  }, 60_000)
})

describe('variables of a site whose functions are left to others', () => {
  it('wait for the next deploy of anybody, and no longer', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({})
    await stage.addFunction('hello')
    const desired = stage.desired({ env: { LOG_LEVEL: 'info' } }, { ignore: ['/directory'] })
    expect((await stage.pass(desired)).map(({ type }) => type)).toEqual(['set-env'])
    const pending = async () => (await stage.observe(desired)).observed?.memory.isEnvPending
    expect(await pending()).toBe(true)
    stage.site.seed({ title: 'git push' })
    expect(await pending()).toBe(false)
  })
})
