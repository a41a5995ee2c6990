import { createHash } from 'node:crypto'
import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { foreignFunction } from '../../simulators/netlify/zip.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
  expect(stage.simulator.leaks).toEqual([])
})

const foreign = { other: { zip: foreignFunction('other', 'of somebody else') } }

describe('a deploy of functions', () => {
  it('publishes what the directory holds, and a second pass writes nothing', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'home', '/_redirects': '/a /b 301' } })
    await stage.addFunction('hello')
    await stage.write(
      'netlify/functions/typed.mts',
      "import { greet } from '../../lib/greet.ts'\nexport default async () => new Response(greet())\nexport const config = { path: '/greet' }\n",
    )
    await stage.write('lib/greet.ts', "export const greet = (): string => 'greetings'\n")
    await stage.write(
      'netlify/functions/old/index.js',
      "exports.handler = async () => ({ statusCode: 200, body: 'old' })\n",
    )
    await stage.write(
      'netlify/functions/nightly.mjs',
      "export default async () => {}\nexport const config = { schedule: '@daily' }\n",
    )
    await stage.write('netlify/functions/mail-background.js', 'exports.handler = async () => {}\n')
    await stage.write('netlify/functions/_helper.js', 'exports.x = 1\n')
    await stage.write('netlify/functions/lib/util.js', 'exports.x = 1\n')
    const desired = stage.desired({ exclude: ['_*'] })
    await stage.pass(desired)
    expect(stage.published()).toEqual(['hello', 'mail-background', 'nightly', 'old', 'typed'])
    expect(await stage.visit('/')).toBe('200 home')
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 hello')
    expect(await stage.visit('/greet')).toBe('200 greetings')
    expect(stage.site.published?.schedules).toEqual([{ name: 'nightly', cron: '@daily' }])
    expect(stage.site.runtimes.get('mail-background')).toEqual({ runtime: 'js', mode: 'background' })
    const writes = stage.simulator.writes().length
    stage.simulator.calls.length = 0
    expect(await stage.pass(desired)).toEqual([])
    expect(stage.simulator.calls).toHaveLength(2)
    expect(stage.simulator.writes()).toEqual([])
    expect(writes).toBe(6)
    const pair = await stage.observe(desired)
    expect(stage.assess(pair)).toMatchObject({ status: 'Healthy', children: { length: 5 } })
  }, 60_000)

  it('uploads the one that changed and keeps all else, whoever put it there', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({
      files: { '/index.html': 'home' },
      functions: foreign,
      schedules: [{ name: 'other', cron: '@hourly' }],
    })
    await stage.addFunction('one')
    await stage.addFunction('two')
    const desired = stage.desired()
    await stage.pass(desired)
    const before = stage.site.published?.functions
    stage.simulator.calls.length = 0
    await stage.addFunction('two', 'changed')
    const [action] = await stage.pass(desired)
    expect(action?.changes.map(({ path }) => path)).toEqual(['functions.two'])
    expect(stage.simulator.callsTo('uploadDeployFunction')).toHaveLength(1)
    expect(await stage.visit('/.netlify/functions/two')).toBe('200 changed')
    expect(stage.site.published?.functions).toMatchObject({ one: before?.one, other: before?.other })
    expect(stage.site.published?.schedules).toEqual([{ name: 'other', cron: '@hourly' }])
    expect(await stage.visit('/')).toBe('200 home')
  }, 60_000)

  it('keeps the region that a function of somebody else runs in', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ functions: foreign })
    before.config = { other: { region: 'eu-central-1' } }
    await stage.addFunction('one')
    await stage.pass(stage.desired())
    expect(stage.published()).toEqual(['one', 'other'])
    expect(stage.site.published?.config.other).toEqual({ region: 'eu-central-1' })
  }, 60_000)

  it('says nothing of a deploy where a bundle may turn out to be the same, and makes none then', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('one')
    await stage.pass(stage.desired())
    await stage.write(
      'netlify/functions/one.mjs',
      "// A comment that is in no bundle.\nexport default async () => new Response('one')\n",
    )
    expect(await stage.pass(stage.desired())).toMatchObject([
      { summary: 'bundle 1 changed source, and deploy what differs' },
    ])
    expect(stage.site.deploys).toHaveLength(1)
    expect(await stage.pass(stage.desired())).toEqual([])
  }, 60_000)

  it('drops a function whose file went, and asks for its deletion to be counted', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ functions: foreign })
    await stage.addFunction('one')
    await stage.write('netlify/functions/two.mjs', 'export default async () => {}\n')
    await stage.pass(stage.desired())
    const actions = await stage.pass(stage.desired({ exclude: ['two'] }))
    expect(actions).toMatchObject([{ type: 'deploy', removes: 1, dropped: ['two'] }])
    expect(stage.published()).toEqual(['one', 'other'])
  }, 60_000)

  it('brings back what was taken off the site by hand, and sends no zip for it', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('one')
    await stage.addFunction('two')
    await stage.pass(stage.desired())
    const { one } = stage.site.published?.functions ?? {}
    const other = stage.site.begin({ title: 'by hand', functions: { one: one ?? '' } })
    stage.site.advance(other)
    expect(stage.published()).toEqual(['one'])
    stage.simulator.calls.length = 0
    await stage.pass(stage.desired())
    expect(stage.published()).toEqual(['one', 'two'])
    expect(stage.simulator.callsTo('uploadDeployFunction')).toEqual([])
  }, 60_000)

  it('has digests that depend on the source alone', async () => {
    stage = await FunctionStage.open()
    await stage.write('netlify/functions/old.js', "exports.handler = async () => require('./old/part')\n")
    await stage.write('netlify/functions/old/part.js', 'module.exports = 1\n')
    await stage.pass(stage.desired())
    const before = stage.site.published?.functions
    await chmod(join(stage.folder, 'netlify/functions/old.js'), 0o755)
    await chmod(join(stage.folder, 'netlify/functions/old/part.js'), 0o600)
    const folder = join(stage.folder, '.reconcile/functions/state.db')
    const zips = (await readdir(folder)).filter((name) => name.endsWith('.zip'))
    expect(zips).toEqual([`${before?.old}.zip`])
    stage.kept.clear()
    await stage.write('.reconcile/functions/state.db/none', '')
    const { rm } = await import('node:fs/promises')
    await rm(folder, { recursive: true })
    stage.restart()
    await stage.pass(stage.desired())
    expect(stage.site.published?.functions).toEqual(before)
    // Bundled anew, found the same, and so nothing was deployed.
    expect(stage.site.deploys).toHaveLength(1)
  }, 60_000)
})

describe('what cannot be carried over', () => {
  const buildRules = { redirects: 0, headers: 0, edgeFunctions: 0 }
  const cases = [
    ['redirects of a build', { buildRules: { ...buildRules, redirects: 2 } }, /2 redirects/],
    ['headers of a build', { buildRules: { ...buildRules, headers: 1 } }, /1 header rules/],
    ['edge functions', { buildRules: { ...buildRules, edgeFunctions: 1 } }, /edge functions/],
    [
      'a function whose routes are not told',
      { functions: { v2: { zip: Buffer.from('z'), mode: 'stream' } } },
      /v2.*routes/,
    ],
  ] as const
  for (const [what, content, message] of cases) {
    it(`stops the deploy: ${what}`, async () => {
      stage = await FunctionStage.open()
      const before = stage.site.seed({ files: { '/index.html': 'home' }, ...content })
      await stage.addFunction('hello')
      const [action] = await stage.pass(stage.desired())
      expect(action?.blocked).toMatchObject({ reason: 'NotAllowed', message: expect.stringMatching(message) })
      expect(stage.site.published).toBe(before)
      // Not even an action that nobody held back goes through.
      const connection = await stage.connection()
      if (!action) throw new Error('no action')
      await expect(connection.apply(action, AbortSignal.timeout(60_000))).rejects.toMatchObject({
        message: expect.stringMatching(message),
      })
      expect(stage.simulator.writes()).toEqual([])
    }, 60_000)
  }

  it('is told of where it is refused, although there is nothing to deploy', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ functions: foreign })
    await stage.addFunction('hello')
    await stage.pass(stage.desired())
    const pair = await stage.observe(stage.desired({ unmanaged: 'refuse' }))
    expect(await stage.applyAll(pair)).toEqual([])
    expect(stage.assess(pair).message).toContain(
      'on the site and not in the directory: function other (`unmanaged: refuse`)',
    )
  }, 60_000)

  it('stops the deploy: a foreign function whose digest is not told', async () => {
    stage = await FunctionStage.open()
    stage.site.tellsDigests = false
    stage.site.seed({ functions: foreign })
    await stage.addFunction('hello')
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { message: expect.stringMatching(/other.*digest.*`unmanaged: prune`$/) } },
    ])
    expect(await stage.pass(stage.desired({ unmanaged: 'prune' }))).toMatchObject([{ dropped: ['other'] }])
    expect(stage.published()).toEqual(['hello'])
  }, 60_000)

  // Netlify's own pages have had `current` and `old`.
  it('is asked for where the published deploy is in a state of another name', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ functions: foreign }).state = 'current'
    await stage.addFunction('hello')
    await stage.pass(stage.desired({}, { adopt: true }))
    expect(stage.published()).toEqual(['hello', 'other'])
  }, 60_000)

  it('is not known, and neither is the site, where nobody tells which functions there are', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ functions: foreign }).state = 'building'
    await stage.addFunction('hello')
    await expect(stage.pass(stage.desired({}, { adopt: true }))).rejects.toThrow(
      /^Could not read the functions of deploy \S+: it is published, and Netlify calls it building/,
    )
    expect(stage.simulator.writes()).toEqual([])
  }, 60_000)

  it('stops the deploy: whether there are rules is not told, until a person says that it may be', async () => {
    stage = await FunctionStage.open()
    stage.site.tellsRules = false
    stage.site.seed({ files: { '/index.html': 'home' } })
    await stage.addFunction('hello')
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { message: expect.stringContaining('adopt: true') } },
    ])
    await stage.pass(stage.desired({}, { adopt: true }))
    expect(stage.published()).toEqual(['hello'])
    await stage.addFunction('hello', 'changed')
    await stage.pass(stage.desired())
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 changed')
  }, 60_000)

  it('cancels the deploy where Netlify lost a file', async () => {
    stage = await FunctionStage.open()
    const before = stage.site.seed({ files: { '/index.html': 'home', '/gone.html': 'x' } })
    stage.site.blobs.delete(createHash('sha1').update('x').digest('hex'))
    await stage.addFunction('hello')
    await expect(stage.pass(stage.desired())).rejects.toThrow(/1 files/)
    expect(stage.site.deploys.at(-1)).toMatchObject({ isCancelled: true })
    expect(stage.site.published).toBe(before)
  }, 60_000)
})

describe('who deploys', () => {
  const cases = [
    ['a site that is linked to git', { repository: 'https://github.com/acme/site' }, {}, /via: api/],
    ['a site that takes none but its repository’s', { refusesOtherDeploys: true }, {}, /prevent_non_git/],
    ['functions of others, with refuse', {}, { unmanaged: 'refuse' as const }, /other/],
  ] as const
  for (const [what, site, spec, message] of cases) {
    it(`is left to others: ${what}`, async () => {
      stage = await FunctionStage.open(site)
      stage.site.seed({ functions: foreign })
      await stage.addFunction('hello')
      expect(await stage.pass(stage.desired(spec))).toMatchObject([
        { blocked: { reason: 'NotAllowed', message: expect.stringMatching(message) } },
      ])
      expect(stage.simulator.writes()).toEqual([])
    })
  }

  it('is nobody while a deploy is locked', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({}).isLocked = true
    await stage.addFunction('hello')
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { message: expect.stringMatching(/locked/) } },
    ])
  })

  it('is the site’s build where that is said, once', async () => {
    stage = await FunctionStage.open({ repository: 'https://github.com/acme/site' })
    stage.site.seed({})
    await stage.addFunction('hello')
    const desired = stage.desired({ via: 'build' })
    // What is built for a pull request brings nothing to this one.
    Object.assign(stage.site.begin({}), { state: 'building', context: 'deploy-preview' })
    expect(await stage.pass(desired)).toMatchObject([{ type: 'build' }])
    const built = stage.site.deploys.at(-1)
    if (!built) throw new Error('nothing is built')
    // It takes minutes, in which nothing is tried again.
    const pair = await stage.observe(desired)
    expect(await stage.applyAll(pair)).toEqual([])
    expect(stage.assess(pair)).toMatchObject({
      status: 'Progressing',
      message: `deploy ${built.id} is being built; not on the site: function hello`,
    })
    expect(stage.site.builds).toHaveLength(1)
    Object.assign(built, { state: 'error', error: 'Build script returned non-zero exit code: 2' })
    expect(await stage.pass(desired)).toMatchObject([{ type: 'build' }])
    expect(stage.site.builds).toHaveLength(2)
    const theirs = foreignFunction('hello', 'built')
    Object.assign(stage.site.deploys.at(-1) ?? {}, { state: 'error' })
    stage.site.seed({ functions: { hello: { zip: theirs } } })
    expect(await stage.pass(desired)).toEqual([])
    expect(stage.assess(await stage.observe(desired))).toMatchObject({ status: 'Healthy' })
  })
})
