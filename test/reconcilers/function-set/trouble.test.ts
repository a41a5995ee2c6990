import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Owned } from '../../../src/core/ownership.ts'
import { resourceId } from '../../../src/core/resource.ts'
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

describe('verification', () => {
  const verify = [{ function: 'hello' }]

  it('publishes the last good deploy again where a new one fails, once, and names both', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    const desired = stage.desired({ verify, rollbackOnFailedVerify: true })
    await stage.pass(desired)
    const good = stage.site.published?.id ?? ''
    expect(stage.assess(await stage.observe(desired))).toMatchObject({ status: 'Healthy' })
    await stage.write(
      'netlify/functions/hello.mjs',
      "export default async () => { throw new Error('broken') }\n",
    )
    await stage.pass(desired)
    const bad = stage.site.published?.id ?? ''
    expect(bad).not.toBe(good)
    // It is not believed before it failed several times.
    expect(await stage.pass(desired)).toEqual([])
    expect(await stage.pass(desired)).toEqual([])
    expect(await stage.pass(desired)).toMatchObject([{ type: 'roll-back' }])
    expect(stage.site.publishedId).toBe(good)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
    stage.restart()
    const deploys = stage.site.deploys.length
    expect(await stage.pass(desired)).toMatchObject([
      { type: 'deploy', blocked: { message: expect.stringContaining(bad) } },
    ])
    expect(stage.site.deploys).toHaveLength(deploys)
    expect(stage.assess(await stage.observe(desired))).toMatchObject({
      status: 'Degraded',
      message: `deploy ${bad} was taken back (/.netlify/functions/hello answers 502 instead of 200); deploy ${good} is published again`,
    })
    await stage.addFunction('hello', 'mended')
    stage.site.age(61_000)
    await stage.pass(desired)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 mended')
    expect(stage.assess(await stage.observe(desired))).toMatchObject({ status: 'Healthy' })
  }, 120_000)

  it('is Degraded, and nothing more, where no rollback is declared', async () => {
    stage = await FunctionStage.open()
    await stage.write(
      'netlify/functions/hello.mjs',
      "export default async () => new Response('no', { status: 503 })\n",
    )
    const desired = stage.desired({ verify })
    await stage.pass(desired)
    for (let look = 0; look < 2; look += 1) {
      expect(stage.assess(await stage.observe(desired))).toMatchObject({ status: 'Progressing' })
    }
    const assessment = stage.assess(await stage.observe(desired))
    expect(assessment).toMatchObject({ status: 'Degraded', remedy: undefined })
    expect(assessment.message).toContain('answers 503 instead of 200')
    expect(assessment.children).toMatchObject([{ name: 'hello', health: 'Degraded' }])
  }, 60_000)
})

describe('environment variables', () => {
  const secret = (text: string) => Secret.read('fromEnv API_KEY', text, `digest of ${text}`)

  function ownedBy(desired: DesiredFunctionSet): Owned {
    return {
      id: desired.id,
      externalName: 'acme-site',
      origin: 'adopted',
      deletionPolicy: undefined,
      fields: reconciler.fields(desired),
      memory: {},
      since: 0,
    }
  }

  it('are set, followed by a deploy, and known again although a secret cannot be read', async () => {
    stage = await FunctionStage.open()
    await stage.write(
      'netlify/functions/hello.mjs',
      "export default async () => new Response(process.env.API_KEY ?? 'none')\n",
    )
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 none')
    stage.site.env.set('THEIRS', { key: 'THEIRS', is_secret: false, scopes: [], values: [] })
    const desired = stage.desired({
      env: { LOG_LEVEL: 'info', API_KEY: secret('one') } as DesiredFunctionSet['spec']['env'] & object,
    })
    const actions = await stage.pass(desired)
    expect(actions.map(({ type }) => type)).toEqual(['set-env', 'deploy'])
    expect(JSON.stringify(actions.map(({ changes }) => changes))).not.toContain('one')
    expect(stage.site.env.get('API_KEY')).toMatchObject({
      is_secret: true,
      values: [{ value: 'one' }, {}, {}],
    })
    expect(stage.site.env.get('LOG_LEVEL')).toMatchObject({ values: [{ context: 'all', value: 'info' }] })
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 one')
    expect(await stage.pass(desired)).toEqual([])
    stage.restart()
    expect(await stage.pass(desired)).toEqual([])
    const rotated = stage.desired({
      env: { API_KEY: secret('two') } as DesiredFunctionSet['spec']['env'] & object,
    })
    stage.site.age(61_000)
    const next = await stage.pass(rotated, ownedBy(desired))
    expect(next.map(({ type }) => type)).toEqual(['set-env', 'deploy'])
    expect([...stage.site.env.keys()].sort()).toEqual(['API_KEY', 'THEIRS'])
    expect(stage.site.env.get('API_KEY')?.values[0]?.value).toBe('two')
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 two')
    expect([...stage.kept.values()].map((value) => JSON.stringify(value)).join()).not.toMatch(/"(one|two)"/)
  }, 120_000)

  it('are followed by a deploy even where the first try died between', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    const desired = stage.desired({ env: { LOG_LEVEL: 'info' } })
    const pair = await stage.observe(desired)
    const [setEnv] = reconciler.diff(pair)
    if (!setEnv) throw new Error('nothing wanted')
    await (await stage.connection()).apply(setEnv, AbortSignal.timeout(60_000))
    stage.restart()
    expect(await stage.pass(desired)).toMatchObject([{ type: 'deploy', reason: 'environment changed' }])
    expect(await stage.pass(desired)).toEqual([])
  }, 60_000)
})

describe('a deploy that is cut off', () => {
  it('is found again by its title where the answer was lost, and never made twice', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    stage.simulator.faults.add({ kind: 'cut-after', on: 'createSiteDeploy', times: 1 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    stage.restart()
    await stage.pass(stage.desired())
    expect(stage.site.deploys).toHaveLength(1)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
  }, 60_000)

  it('is given up where its source changed meanwhile', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    stage.simulator.faults.add({ kind: 'cut-after', on: 'createSiteDeploy', times: 1 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    await stage.addFunction('hello', 'changed')
    await stage.pass(stage.desired())
    expect(stage.site.deploys.map(({ state, isCancelled }) => [state, isCancelled])).toEqual([
      ['error', true],
      ['ready', false],
    ])
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 changed')
  }, 60_000)

  it('tries an upload again, and is cancelled where Netlify cannot process it', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    stage.simulator.faults.add({ kind: '500', on: 'uploadDeployFunction', times: 1 })
    await stage.pass(stage.desired())
    expect(stage.simulator.callsTo('uploadDeployFunction').map(({ status }) => status)).toEqual([500, 200])
    const before = stage.site.published
    await stage.addFunction('hello', 'changed')
    stage.simulator.faults.add({ kind: 'deploy-error', on: 'uploadDeployFunction', times: 1 })
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({
      code: 'RemoteRefused',
      message: expect.stringContaining('Failed during stage processing'),
    })
    expect(stage.site.published).toBe(before)
  }, 60_000)

  it('is taken back at once where something is missing after all, and is not tried again', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    stage.simulator.hook = ({ operation, phase }) => {
      const deploy = stage.site.deploys.at(-1)
      if (operation === 'uploadDeployFunction' && phase === 'done' && deploy) deploy.files = {}
    }
    await expect(stage.pass(stage.desired())).rejects.toThrow(/lacks 1 files, such as \/index.html/)
    stage.simulator.hook = undefined
    expect(stage.site.published).toBe(before)
    stage.restart()
    const pair = await stage.observe(stage.desired())
    expect(await stage.applyAll(pair)).toMatchObject([{ blocked: { reason: 'NotAllowed' } }])
    expect(stage.assess(pair).message).toContain('(it lacked 1 files, such as /index.html)')
    expect(stage.site.deploys).toHaveLength(2)
  }, 60_000)

  it('waits its minute rather than making more deploys than Netlify takes', async () => {
    stage = await FunctionStage.open()
    for (let count = 0; count < 3; count += 1) stage.site.seed({ files: { '/index.html': `${count}` } })
    stage.site.age(20_000)
    await stage.addFunction('hello')
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({
      code: 'RateLimited',
      message: expect.stringMatching(/^Netlify takes 3 deploys of a site a minute; it goes on in \d\d?s$/),
    })
    expect(stage.simulator.writes()).toEqual([])
  }, 60_000)
})

describe('reading', () => {
  const broken = ['500', '429', 'forbidden', 'cut', 'malformed', 'wrong-shape'] as const
  for (const kind of broken) {
    it(`concludes nothing from a fault: ${kind}`, async () => {
      stage = await FunctionStage.open()
      stage.site.seed({})
      await stage.addFunction('hello')
      stage.simulator.faults.add({ kind })
      await expect(stage.observe(stage.desired())).rejects.toThrow()
      expect(stage.simulator.writes()).toEqual([])
    })
  }

  it('is not absent where the directory cannot be read, and drops nothing where it is empty', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    for (const desired of [stage.desired({ directory: '../gone' }), stage.desired({ exclude: ['*'] })]) {
      const pair = await stage.observe(desired)
      const [action] = await stage.applyAll(pair)
      expect(action?.blocked).toBeDefined()
      // What was lost here is somebody's to look at, although the site still answers.
      expect(stage.assess(pair)).toMatchObject({ status: 'Degraded' })
    }
    expect(stage.published()).toEqual(['hello'])
  }, 60_000)
})

describe('the inventory', () => {
  it('follows the directory with the same bytes, and is never emptied', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('b')
    await stage.write('netlify/functions/a/index.mts', 'export default async () => {}\n')
    await stage.write('netlify/functions/lib/util.js', 'exports.x = 1\n')
    const desired = stage.desired({ inventory: '../list.json' }, { ignore: ['/directory'] })
    expect(await stage.pass(desired)).toMatchObject([{ type: 'write-inventory', verb: 'create' }])
    const text = await readFile(join(stage.folder, 'list.json'), 'utf8')
    expect(JSON.parse(text)).toEqual({
      functions: [
        { name: 'a', file: 'a/index.mts' },
        { name: 'b', file: 'b.mjs' },
      ],
    })
    expect(await stage.pass(desired)).toEqual([])
    const empty = stage.desired({ inventory: '../list.json', exclude: ['*'] }, { ignore: ['/directory'] })
    expect(await stage.pass(empty)).toMatchObject([{ blocked: {} }])
    expect(await readFile(join(stage.folder, 'list.json'), 'utf8')).toBe(text)
  })

  it('is never written over a file that is none', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    const desired = stage.desired({ inventory: '../package.json' }, { ignore: ['/directory'] })
    const pair = await stage.observe(desired)
    const actions = await stage.applyAll(pair)
    expect(actions).toMatchObject([
      {
        type: 'write-inventory',
        blocked: { reason: 'NotAllowed', message: expect.stringContaining('is no list of functions') },
      },
    ])
    expect(await readFile(join(stage.folder, 'package.json'), 'utf8')).toBe('{"name":"site"}')
    // It got there after it was looked for.
    const late = stage.desired({ inventory: '../list.json' }, { ignore: ['/directory'] })
    const [write] = reconciler.diff(await stage.observe(late))
    if (!write) throw new Error('nothing wanted')
    await stage.write('list.json', '{"name":"precious"}')
    await expect((await stage.connection()).apply(write, AbortSignal.timeout(10_000))).rejects.toThrow(
      /is no list of functions/,
    )
    expect(await readFile(join(stage.folder, 'list.json'), 'utf8')).toBe('{"name":"precious"}')
  })
})

describe('a manifest that went', () => {
  it('takes its own functions along and nothing else', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home' }, functions: { other: { zip: Buffer.from('z') } } })
    await stage.addFunction('one')
    await stage.addFunction('two')
    await stage.pass(stage.desired())
    const owned: Owned = {
      id: stage.desired().id,
      externalName: 'acme-site',
      origin: 'adopted',
      deletionPolicy: 'Delete',
      fields: {},
      memory: {},
      since: 0,
    }
    const actions = await stage.pass(undefined, owned)
    expect(actions).toMatchObject([{ verb: 'delete', removes: 2 }])
    expect(stage.published()).toEqual(['other'])
    expect(await stage.visit('/')).toBe('200 home')
    const { observed } = await stage.observe(undefined, owned)
    expect(observed).toBeUndefined()
    // Deleting what is gone already succeeds, and changes nothing.
    const [action] = actions
    const deploys = stage.site.deploys.length
    if (action) await (await stage.connection()).apply(action, AbortSignal.timeout(60_000))
    expect(stage.site.deploys).toHaveLength(deploys)
  }, 60_000)
})

describe('a site that is named otherwise', () => {
  it('by its id in place of its name is the same site, of which nothing goes', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    stage.restart()
    const connection = await stage.connection()
    const desired = stage.desired({ site: stage.site.id })
    const owned: Owned = {
      id: resourceId('FunctionSet', 'site@acme-site'),
      externalName: 'acme-site',
      origin: 'created',
      deletionPolicy: 'Delete',
      fields: {},
      memory: {},
      since: 0,
    }
    const read = async (wanted: Parameters<typeof connection.observe>[0]) =>
      (await connection.observe(wanted, AbortSignal.timeout(60_000))).readings.get(owned.id)
    const former = { id: owned.id, desired: undefined, owned, unconfirmed: [] }
    expect(await read([former])).toMatchObject({ type: 'present' })
    const declared = { id: desired.id, desired, owned: undefined, unconfirmed: [] }
    expect(await read([former, declared])).toEqual({ type: 'absent' })
    // As it is read again by itself, before it would be deleted or forgotten.
    expect(await read([former])).toEqual({ type: 'absent' })
  })
})
