import { afterEach, describe, expect, it } from 'vitest'
import type { Owned } from '../../../src/core/ownership.ts'
import { Secret } from '../../../src/core/secret.ts'
import { reconciler } from '../../../src/reconcilers/function-set/index.ts'
import type { DesiredFunctionSet } from '../../../src/reconcilers/function-set/place.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
  expect(stage.simulator.leaks).toEqual([])
})

const secret = (text: string) => Secret.read('fromEnv API_KEY', text, `digest of ${text}`)
const envOf = (env: Record<string, string | Secret>) =>
  stage.desired({ env: env as DesiredFunctionSet['spec']['env'] & object })
const valuesOf = (key: string) =>
  Object.fromEntries(stage.site.env.get(key)?.values.map(({ context, value }) => [context, value]) ?? [])
const put = (key: string, values: Record<string, string>, rest: object = {}) =>
  stage.site.env.set(key, {
    key,
    is_secret: false,
    scopes: [],
    values: Object.entries(values).map(([context, value]) => ({ id: context, context, value })),
    ...rest,
  })
const ownedBy = (desired: DesiredFunctionSet): Owned => ({
  id: desired.id,
  externalName: 'acme-site',
  origin: 'adopted',
  deletionPolicy: undefined,
  fields: reconciler.fields(desired),
  memory: {},
  since: 0,
})

describe('a variable that is no longer declared', () => {
  it('stays where the site had that very value before: nothing of it was ours', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    const values = { production: 'https://api', 'deploy-preview': 'https://preview', dev: 'http://localhost' }
    put('API_URL', values)
    const declared = envOf({ API_URL: 'https://api' })
    await stage.pass(declared)
    stage.site.age(61_000)
    expect(await stage.pass(stage.desired(), ownedBy(declared))).toEqual([])
    expect(valuesOf('API_URL')).toEqual(values)
  }, 60_000)

  it('loses the values that we set, and keeps those of other contexts', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    put('LEVEL', { production: 'warn', 'deploy-preview': 'debug' })
    const declared = envOf({ LEVEL: 'info' })
    await stage.pass(declared)
    expect(valuesOf('LEVEL')).toEqual({ production: 'info', 'deploy-preview': 'debug' })
    stage.site.age(61_000)
    stage.restart()
    await stage.pass(stage.desired(), ownedBy(declared))
    expect(valuesOf('LEVEL')).toEqual({ 'deploy-preview': 'debug' })
    expect(await stage.pass(stage.desired(), ownedBy(declared))).toEqual([])
  }, 60_000)

  it('goes where we made it, is called removed, and counts as a removal', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    const declared = envOf({ LEVEL: 'info', API_KEY: secret('one') })
    await stage.pass(declared)
    stage.site.age(61_000)
    const [action] = await stage.pass(envOf({ MODE: 'new' }), ownedBy(declared))
    expect(action).toMatchObject({
      type: 'set-env',
      summary: 'set 1 and remove 2 environment variables',
      removes: 2,
      changes: [
        { path: 'env.MODE', before: null, after: 'new' },
        { path: 'env.LEVEL', before: 'info', after: null },
        { path: 'env.API_KEY', sensitive: true, note: 'removed' },
      ],
    })
    expect([...stage.site.env.keys()]).toEqual(['MODE'])
    stage.site.age(61_000)
    const [last] = await stage.pass(stage.desired(), ownedBy(envOf({ MODE: 'new' })))
    expect(last).toMatchObject({ summary: 'remove 1 environment variable', removes: 1 })
    expect([...stage.site.env.keys()]).toEqual([])
  }, 60_000)
})

describe('a variable that the site has already', () => {
  const previews = { production: 'live one', 'deploy-preview': 'for tests', 'branch-deploy': 'for tests' }

  it('keeps the secrets of previews and branches where the one of production is set', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    put('API_KEY', previews, { is_secret: true, scopes: ['functions'] })
    await stage.pass(envOf({ API_KEY: secret('live two') }))
    expect(valuesOf('API_KEY')).toEqual({ ...previews, production: 'live two' })
    expect(stage.site.env.get('API_KEY')).toMatchObject({ is_secret: true, scopes: ['functions'] })
    expect(await stage.pass(envOf({ API_KEY: secret('live two') }))).toEqual([])
  }, 60_000)

  it('keeps its texts of previews and branches, and its scopes, where it becomes a secret', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    put('API_KEY', { ...previews, dev: 'here' }, { scopes: ['functions', 'post-processing'] })
    await stage.pass(envOf({ API_KEY: secret('live two') }))
    expect(valuesOf('API_KEY')).toEqual({ ...previews, production: 'live two', dev: 'here' })
    expect(stage.site.env.get('API_KEY')).toMatchObject({ is_secret: true, scopes: ['functions'] })
  }, 60_000)

  it('gives previews and branches what they had of a text for all, where it becomes a secret', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    put('API_KEY', { all: 'old', 'deploy-preview': 'for tests' })
    await stage.pass(envOf({ API_KEY: secret('new') }))
    expect(valuesOf('API_KEY')).toEqual({
      production: 'new',
      'deploy-preview': 'for tests',
      'branch-deploy': 'old',
    })
  }, 60_000)

  it('stays a secret where a text is declared: what others gave it could not be read to be kept', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    put('LEVEL', previews, { is_secret: true, scopes: ['functions'] })
    const declared = envOf({ LEVEL: 'info' })
    await stage.pass(declared)
    expect(valuesOf('LEVEL')).toEqual({ ...previews, production: 'info' })
    expect(stage.site.env.get('LEVEL')).toMatchObject({ is_secret: true, scopes: ['functions'] })
    expect(await stage.pass(declared)).toEqual([])
  }, 60_000)
})
