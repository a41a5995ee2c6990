import { afterEach, describe, expect, it } from 'vitest'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** One pass with these settings of `hello` in netlify.toml. */
async function passWith(...lines: readonly string[]) {
  await stage.write('netlify.toml', `[functions."hello"]\n${lines.join('\n')}\n`)
  stage.site.age(61_000)
  return stage.pass(stage.desired())
}

describe('settings of netlify.toml that are not in the zip', () => {
  it('are deployed when they change, are told one by one, and are gone when they are taken back', async () => {
    stage = await FunctionStage.open()
    await stage.addFunction('hello')
    const digest = async () => {
      const pair = await stage.observe(stage.desired())
      expect(stage.assess(pair)).toMatchObject({ status: 'Healthy', children: [{ health: 'Healthy' }] })
      return stage.site.published?.functions.hello
    }
    await passWith()
    const before = await digest()
    await passWith('memory = 2048', 'region = "eu-central-1"')
    expect(stage.site.published?.config.hello).toMatchObject({ memory: 2048, region: 'eu-central-1' })
    expect(await digest()).toBe(before)
    expect(await stage.pass(stage.desired())).toEqual([])
    // A restart knows what was deployed, and bundling it again what is to be.
    stage.restart()
    expect(await stage.pass(stage.desired())).toEqual([])
    await passWith('region = "eu-central-1"')
    expect(stage.site.published?.config.hello).not.toHaveProperty('memory')
    const deploys = stage.site.deploys.length
    await passWith('region = "eu-central-1"', '# a comment')
    expect(stage.site.deploys).toHaveLength(deploys)
    // Bundled, and not deployed yet: the plan tells what differs.
    stage.site.refusesOtherDeploys = true
    await expect(passWith('region = "us-east-1"')).resolves.toMatchObject([{ blocked: {} }])
  }, 60_000)

  it('and reach Netlify with new code only are held, and told, until the code changes', async () => {
    stage = await FunctionStage.open()
    for (const name of ['hello', 'other']) await stage.addFunction(name)
    await passWith()
    const told = /hello: netlify\.toml changes invocation_mode from "stream" to "background", timeout to 20/
    await expect(passWith('background = true', 'timeout = 20')).rejects.toThrow(told)
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { reason: 'NotAllowed', message: expect.stringMatching(told) } },
    ])
    expect(stage.site.deploys).toHaveLength(1)
    // A deploy for another reason does not make it true.
    await stage.addFunction('other', 'changed')
    await passWith('background = true', 'timeout = 20')
    expect(await stage.visit('/.netlify/functions/other')).toBe('200 changed')
    expect(stage.site.runtimes.get('hello')).toMatchObject({ mode: 'stream' })
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { message: expect.stringMatching(told) } },
    ])
    const { status, message, children } = stage.assess(await stage.observe(stage.desired()))
    expect(status).toBe('Degraded')
    expect(message).toMatch(told)
    expect(children.map(({ name, health }) => [name, health])).toEqual([
      ['hello', 'Degraded'],
      ['other', 'Healthy'],
    ])
    await stage.addFunction('hello', 'changed')
    await passWith('background = true', 'timeout = 20')
    expect(stage.site.runtimes.get('hello')).toMatchObject({ mode: 'background' })
    expect(await stage.pass(stage.desired())).toEqual([])
    // Taken back before it was sent, it is as it was.
    await expect(passWith()).rejects.toThrow(
      /changes invocation_mode from "background" to "stream", timeout from 20/,
    )
    expect(await passWith('background = true', 'timeout = 20')).toMatchObject([{ type: 'deploy' }])
    expect(await stage.pass(stage.desired())).toEqual([])
  }, 60_000)
})

describe('a rate limit', () => {
  it.each([
    [
      "aggregateBy: ['ip', 'domain']",
      { aggregate: { keys: [{ type: 'ip' }, { type: 'domain' }] } },
      'rate_limit',
    ],
    ["action: 'rewrite', to: '/slow'", { aggregate: { keys: [{ type: 'domain' }] }, to: '/slow' }, 'rewrite'],
  ])(
    'with %s is told in the words of Netlify’s description',
    async (own, told, type) => {
      stage = await FunctionStage.open()
      const config = `{ path: '/login', rateLimit: { windowLimit: 5, windowSize: 60, ${own} } }`
      await stage.write(
        'netlify/functions/hello.mjs',
        `export default async () => new Response('hello')\nexport const config = ${config}\n`,
      )
      await stage.pass(stage.desired())
      const limit = { algorithm: 'sliding_window', window_size: 60, window_limit: 5 }
      expect(stage.site.published?.config.hello).toMatchObject({
        traffic_rules: { action: { type, config: { rate_limit_config: limit, ...told } } },
      })
      expect(JSON.stringify(stage.site.published?.config)).not.toContain('rateLimitConfig')
    },
    60_000,
  )
})
