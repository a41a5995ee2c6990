import { readdir, readFile, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../src/clients/host/random.ts'
import { SourceReader } from '../../../src/reconcilers/function-set/source.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

const signal = AbortSignal.timeout(60_000)
const silent = { signal, done: () => undefined }

/** A reader of the stage's folder, as the connection has it. */
function readerOf({ folder }: FunctionStage): SourceReader {
  return new SourceReader({
    location: join(folder, '.reconcile/state.db'),
    env: { PATH: process.env.PATH, HOME: folder },
    unique: () => systemRandom.id(),
    now: () => Date.now(),
  })
}

describe('bundling', () => {
  it('of two sets at once takes nothing from one for the other, and keeps zips until they were used', async () => {
    stage = await FunctionStage.open()
    for (let index = 0; index < 6; index += 1) {
      await stage.addFunction(`one-${index}`)
      await stage.write(`other/two-${index}.mjs`, `export default async () => new Response('two ${index}')\n`)
    }
    const reader = readerOf(stage)
    const made = (directory: string) =>
      reader.hold(async () => {
        const source = await reader.bundle(stage.desired({ directory }), silent)
        // The other one ends, and could sweep, before this one reads what it bundled.
        await new Promise((resolve) => setTimeout(resolve, directory === '../other' ? 0 : 500))
        return Promise.all(
          source.functions.map(({ bundle }) => readFile(reader.zipOf(bundle?.digest ?? 'none'))),
        )
      })
    const both = await Promise.all([made('../netlify/functions'), made('../other')])
    expect(both.map((zips) => zips.length)).toEqual([6, 6])
    const left = await readdir(join(stage.folder, '.reconcile/functions/state.db'))
    expect(left.filter((name) => name.startsWith('work-'))).toEqual([])
    expect(left.filter((name) => name.endsWith('.zip'))).toHaveLength(12)
  }, 60_000)

  it('of two sets of one directory, each of its own functions, keeps what the other made', async () => {
    stage = await FunctionStage.open()
    for (const name of ['a-one', 'a-two', 'b-one', 'b-two']) await stage.addFunction(name)
    await stage.write('netlify/functions/b-bad.mjs', 'export default async () => {\n')
    const reader = readerOf(stage)
    const sets = ['a-*', 'b-*'].map((glob) => stage.desired({ include: [glob] }))
    const stateOf = async () => {
      const read = await Promise.all(sets.map((desired) => reader.read(desired)))
      return read.map(({ functions, failures }) => ({
        unbundled: functions.filter(({ bundle }) => !bundle).map(({ name }) => name),
        failed: failures.map(({ name }) => name),
      }))
    }
    const made = [
      { unbundled: [], failed: [] },
      { unbundled: ['b-bad'], failed: ['b-bad'] },
    ]
    // At once, and then one after the other, with something new for each.
    await Promise.all(sets.map((desired) => reader.hold(() => reader.bundle(desired, silent))))
    expect(await stateOf()).toEqual(made)
    await stage.addFunction('a-one', 'changed')
    await stage.addFunction('b-one', 'changed')
    for (const desired of sets) await reader.hold(() => reader.bundle(desired, silent))
    expect(await stateOf()).toEqual(made)
    await rm(join(stage.folder, 'netlify/functions/a-two.mjs'))
    for (const desired of sets) await reader.hold(() => reader.bundle(desired, silent))
    const left = await readdir(join(stage.folder, '.reconcile/functions/state.db'))
    expect(left.filter((name) => name.endsWith('.zip'))).toHaveLength(3)
  }, 60_000)

  it('is done again for what a change in netlify.toml is about, and for nothing else', async () => {
    stage = await FunctionStage.open()
    for (const name of ['one', 'two']) await stage.addFunction(name)
    const reader = readerOf(stage)
    const staleAfter = async (...toml: readonly string[]) => {
      await stage.write('netlify.toml', `${toml.join('\n')}\n`)
      const { functions } = await reader.read(stage.desired())
      await reader.hold(() => reader.bundle(stage.desired(), silent))
      return functions.filter(({ bundle }) => !bundle).map(({ name }) => name)
    }
    await staleAfter('[functions]')
    const forOne = ['[functions.one]', 'included_files = ["data/*.txt"]']
    expect(await staleAfter(...forOne)).toEqual(['one'])
    await stage.write('data/a.txt', 'a')
    expect(await staleAfter(...forOne)).toEqual(['one'])
    expect(await staleAfter(...forOne, '[functions.gone]', 'schedule = "@daily"')).toEqual([])
    expect(await staleAfter(...forOne, '[functions."tw*"]', 'included_files = ["x"]')).toContain('two')
    expect(await staleAfter('[functions]', 'included_files = ["x"]')).toEqual(['one', 'two'])
  }, 60_000)

  it('sweeps what a killed run left, when nobody works there', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('one')
    await stage.write('.reconcile/functions/state.db/work-abc/half.zip', 'x')
    await stage.write(`.reconcile/functions/state.db/${'0'.repeat(64)}.zip`, 'x')
    const reader = readerOf(stage)
    const source = await reader.hold(() => reader.bundle(stage.desired(), silent))
    const digest = source.functions[0]?.bundle?.digest
    const left = await readdir(join(stage.folder, '.reconcile/functions/state.db'))
    expect(left.filter((name) => !name.startsWith('index-'))).toEqual([`${digest}.zip`])
  }, 60_000)

  it('settles on a source whose time is in the future', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('one')
    const future = new Date(Date.now() + 86_400_000)
    await utimes(join(stage.folder, 'netlify/functions/one.mjs'), future, future)
    await stage.pass(stage.desired())
    expect(await stage.pass(stage.desired())).toEqual([])
    await stage.addFunction('one', 'changed')
    await utimes(join(stage.folder, 'netlify/functions/one.mjs'), future, future)
    expect(await stage.pass(stage.desired())).toMatchObject([{ type: 'deploy' }])
    expect(await stage.visit('/.netlify/functions/one')).toBe('200 changed')
  }, 60_000)

  it('sees a change in what a tsconfig.json extends', async () => {
    stage = await FunctionStage.open()
    await stage.write('netlify/functions/one.mts', 'export default async () => new Response("one")\n')
    await stage.write(
      'tsconfig.json',
      '{\n  // shared\n  "extends": ["./config/base", "shared/strict"],\n}\n',
    )
    await stage.write('config/base.json', '{ "extends": "../deep.json" }')
    await stage.write('deep.json', '{}')
    await stage.write('node_modules/shared/strict.json', '{}')
    await stage.pass(stage.desired())
    expect(await stage.pass(stage.desired())).toEqual([])
    for (const path of ['config/base.json', 'deep.json', 'node_modules/shared/strict.json']) {
      const text = await readFile(join(stage.folder, path), 'utf8')
      await stage.write(
        path,
        text.replace('{', '{ "compilerOptions": { "target": "es2019" },').replace(',}', '}'),
      )
      expect(
        (await stage.pass(stage.desired())).map(({ type }) => type),
        path,
      ).toEqual(['deploy'])
      expect(await stage.pass(stage.desired()), path).toEqual([])
    }
  }, 120_000)
})

describe('a function that cannot be bundled', () => {
  it('is named with its file, its place and what is wrong, and is not tried again before something changed', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('good')
    await stage.pass(stage.desired())
    await stage.write('netlify/functions/bad.mts', 'export default async () => {\n  const = 1\n}\n')
    await stage.addFunction('good', 'changed')
    const told = /bad \(netlify\/functions\/bad\.mts:2:9\): Expected identifier but found "="/
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({
      code: 'FunctionNotBundled',
      isAttempt: false,
      message: expect.stringMatching(told),
    })
    stage.restart()
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { reason: 'FunctionNotBundled', message: expect.stringMatching(told) } },
    ])
    const assessment = stage.assess(await stage.observe(stage.desired()))
    expect(assessment).toMatchObject({ status: 'Degraded', message: expect.stringMatching(told) })
    expect(assessment.children.find(({ name }) => name === 'bad')).toMatchObject({ health: 'Degraded' })
    expect(await stage.visit('/.netlify/functions/good')).toBe('200 good')
    expect(stage.site.deploys).toHaveLength(1)
    await stage.write('netlify/functions/bad.mts', 'export default async () => new Response("mended")\n')
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/bad')).toBe('200 mended')
    expect(await stage.visit('/.netlify/functions/good')).toBe('200 changed')
  }, 60_000)

  it('is mended by a file that it lacked', async () => {
    stage = await FunctionStage.open()
    await stage.write(
      'netlify/functions/bad.mts',
      "import { text } from '../../lib/text.ts'\nexport default async () => new Response(text)\n",
    )
    await expect(stage.pass(stage.desired())).rejects.toThrow(
      /bad \(netlify\/functions\/bad\.mts:1:\d+\): Could not resolve "\.\.\/\.\.\/lib\/text\.ts"/,
    )
    await stage.write('lib/text.ts', "export const text = 'there'\n")
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/bad')).toBe('200 there')
  }, 60_000)
})

describe('a source that was taken back', () => {
  it('is not published again where its bundles were lost', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    const desired = stage.desired({ verify: [{ function: 'hello' }], rollbackOnFailedVerify: true })
    await stage.pass(desired)
    await stage.observe(desired)
    await stage.write(
      'netlify/functions/hello.mjs',
      "export default async () => { throw new Error('broken') }\n",
    )
    for (let pass = 0; pass < 4; pass += 1) await stage.pass(desired)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
    await rm(join(stage.folder, '.reconcile/functions/state.db'), { recursive: true })
    stage.restart()
    stage.site.age(61_000)
    await expect(stage.pass(desired)).rejects.toThrow(/of this very source was taken back/)
    expect(stage.site.deploys).toHaveLength(2)
    expect(await stage.pass(desired)).toMatchObject([{ blocked: { reason: 'NotAllowed' } }])
  }, 120_000)
})
