import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../src/clients/host/random.ts'
import { SourceReader } from '../../../src/reconcilers/function-set/source.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

const toml = '[functions]\nnode_bundler = "esbuild"\n'
const source = (of: string) =>
  `import words from '${of}'\nexport const handler = async () => ({ statusCode: 200, body: words })\n`

/** What an installer puts there. */
async function install(at: string, mark: string): Promise<void> {
  await stage.write(`${at}node_modules/words/package.json`, '{"name":"words","main":"index.js"}')
  await stage.write(`${at}node_modules/words/index.js`, 'module.exports = "words"')
  if (mark !== '') await stage.write(`${at}node_modules/${mark}`, '{}')
}

describe('a function that could not be bundled', () => {
  it.each([
    ['yarn installs what it lacks', '.yarn-integrity'],
    ['an installer does that leaves no mark', ''],
  ])(
    'is tried again when %s',
    async (_, mark) => {
      stage = await FunctionStage.open()
      await stage.write('netlify.toml', toml)
      await stage.write('netlify/functions/hello.mjs', source('words'))
      await stage.write('node_modules/other/index.js', '')
      await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'FunctionNotBundled' })
      expect(await stage.pass(stage.desired())).toMatchObject([{ blocked: { reason: 'FunctionNotBundled' } }])
      await install('', mark)
      stage.restart()
      await stage.pass(stage.desired())
      expect(await stage.visit('/.netlify/functions/hello')).toBe('200 words')
    },
    60_000,
  )

  it('is tried again when what it lacks is installed above the project', async () => {
    stage = await FunctionStage.open()
    const desired = stage.desired({ directory: '../packages/web/netlify/functions' })
    await stage.write('packages/web/netlify.toml', toml)
    await stage.write('packages/web/netlify/functions/hello.mjs', source('words'))
    await expect(stage.pass(desired)).rejects.toMatchObject({ code: 'FunctionNotBundled' })
    await install('', '.package-lock.json')
    await stage.pass(desired)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 words')
  }, 60_000)

  it('is tried again when a text that it lacks is there', async () => {
    stage = await FunctionStage.open()
    await stage.write('netlify.toml', toml)
    await stage.write('netlify/functions/hello.mjs', source('../words.txt'))
    await expect(stage.pass(stage.desired())).rejects.toMatchObject({ code: 'FunctionNotBundled' })
    await stage.write('netlify/words.txt', 'words')
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 words')
  }, 60_000)

  it('is tried again when a person resumes it, and is told of until it is mended', async () => {
    stage = await FunctionStage.open()
    // Nothing of the project: only a person knows.
    await stage.write('web/netlify.toml', toml)
    await stage.write('web/functions/hello.mjs', source('../../lib/words.js'))
    const desired = stage.desired({ directory: '../web/functions' })
    await expect(stage.pass(desired)).rejects.toMatchObject({ code: 'FunctionNotBundled' })
    await stage.write('lib/words.js', 'module.exports = "words"')
    expect(await stage.pass(desired)).toMatchObject([{ blocked: { reason: 'FunctionNotBundled' } }])
    stage.resumedAt = Date.now()
    const pair = await stage.observe(desired)
    expect(stage.assess(pair)).toMatchObject({ status: 'Degraded', reason: 'FunctionNotBundled' })
    await stage.applyAll(pair)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 words')
    expect(stage.assess(await stage.observe(desired))).toMatchObject({ status: 'Healthy' })
  }, 60_000)

  it('is tried again after ten minutes, once', async () => {
    stage = await FunctionStage.open()
    await stage.write('netlify/functions/hello.mjs', 'export default async () => {\n')
    let now = Date.now()
    const reader = new SourceReader({
      location: `${stage.folder}/.reconcile/state.db`,
      env: { PATH: process.env.PATH, HOME: stage.folder },
      unique: () => systemRandom.id(),
      now: () => now,
    })
    const desired = stage.desired()
    const bundle = () =>
      reader.hold(() =>
        reader.bundle(desired, { signal: AbortSignal.timeout(60_000), done: () => undefined }),
      )
    const told = async () => {
      const { failures, isRetryDue } = await reader.read(desired)
      return [failures.length, isRetryDue]
    }
    await bundle()
    expect(await told()).toEqual([1, false])
    now += 599_000
    expect(await told()).toEqual([1, false])
    now += 2_000
    expect(await told()).toEqual([1, true])
    await bundle()
    expect(await told()).toEqual([1, false])
    // A clock that was set back.
    now -= 3_600_000
    expect(await told()).toEqual([1, true])
  }, 60_000)
})
