import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { reconciler } from '../../../src/reconcilers/function-set/index.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
  expect(stage.simulator.leaks).toEqual([])
})

const verified = { verify: [{ function: 'hello' }], rollbackOnFailedVerify: true }

/** A function that fails for as long as its backend is away. */
async function addDependent(answer: string): Promise<void> {
  const source = `import { existsSync } from 'node:fs'
export default async () => new Response('${answer}', { status: existsSync('${away()}') ? 503 : 200 })
`
  await stage.write('netlify/functions/hello.mjs', source)
}

const away = () => join(stage.folder, 'away')

/** Passes until the request is believed to fail, and one more; resolves with what they did. */
async function passes(): Promise<readonly string[]> {
  const done: string[] = []
  for (let pass = 0; pass < 4; pass += 1) {
    for (const { type } of await stage.pass(stage.desired(verified))) done.push(type)
  }
  return done
}

describe('a deploy that fails its verification', () => {
  it('is not followed by a good one that lacks what somebody else published between', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'old page' } })
    await addDependent('one')
    await stage.pass(stage.desired(verified))
    const good = stage.site.published?.id
    expect((await stage.observe(stage.desired(verified))).observed?.memory.lastGood).toBe(good)
    stage.site.age(61_000)
    const theirs = stage.site.seed({ files: { '/index.html': 'new page' }, title: 'netlify deploy by Ann' })
    stage.site.age(61_000)
    await stage.write('away', '')
    expect(await passes()).toEqual(['deploy'])
    expect(await stage.visit('/')).toBe('200 new page')
    const pair = await stage.observe(stage.desired(verified))
    expect(stage.assess(pair)).toMatchObject({
      status: 'Degraded',
      message: expect.stringContaining(
        `deploy ${good} passed last, and is not published again: somebody else published since`,
      ),
    })
    await rm(away())
    expect(stage.assess(await stage.observe(stage.desired(verified)))).toMatchObject({ status: 'Healthy' })
    expect(theirs.files).toEqual(stage.site.published?.files)
  }, 60_000)

  it('stays where a person locked it', async () => {
    stage = await FunctionStage.open()
    await addDependent('one')
    await stage.pass(stage.desired(verified))
    await stage.observe(stage.desired(verified))
    stage.site.age(61_000)
    await addDependent('two')
    await stage.write('away', '')
    await stage.pass(stage.desired(verified))
    const failing = stage.site.published
    let decided = await stage.observe(stage.desired(verified))
    for (let reading = 0; reading < 3; reading += 1) decided = await stage.observe(stage.desired(verified))
    expect(stage.assess(decided).remedy).toMatchObject({ type: 'roll-back' })
    if (failing) failing.isLocked = true
    await expect(stage.applyAll(decided)).rejects.toThrow(/is locked/)
    expect(await passes()).toEqual([])
    expect(stage.site.published).toBe(failing)
    expect(stage.assess(await stage.observe(stage.desired(verified)))).toMatchObject({
      status: 'Degraded',
      reason: 'VerifyFailed',
      message: expect.stringMatching(/passed last, and is not published again: deploy .* is locked/),
    })
  }, 60_000)

  it('is followed by the good one of somebody else that it was made on', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'old page' } })
    await addDependent('one')
    await stage.pass(stage.desired(verified))
    const { functions, runtimes } = stage.site.published ?? {}
    stage.site.age(61_000)
    const theirs = stage.site.seed({ files: { '/index.html': 'new page' }, title: 'netlify deploy by Ann' })
    Object.assign(theirs, { functions, runtimes })
    expect(await stage.pass(stage.desired(verified))).toEqual([])
    stage.site.age(61_000)
    await stage.write(
      'netlify/functions/hello.mjs',
      "export default async () => { throw new Error('broken') }\n",
    )
    expect(await passes()).toEqual(['deploy', 'roll-back'])
    expect(stage.site.publishedId).toBe(theirs.id)
  }, 60_000)

  it('is followed by the good one although another failing one of ours lies between', async () => {
    stage = await FunctionStage.open()
    stage.site.seed({ files: { '/index.html': 'page' } })
    await addDependent('one')
    await stage.pass(stage.desired(verified))
    await stage.observe(stage.desired(verified))
    const good = stage.site.publishedId
    for (const answer of ['two', 'three']) {
      stage.site.age(61_000)
      const source = `export default async () => { throw new Error('${answer}') }\n`
      await stage.write('netlify/functions/hello.mjs', source)
      await stage.pass(stage.desired(verified))
      expect(stage.site.publishedId).not.toBe(good)
    }
    expect(await passes()).toContain('roll-back')
    expect(stage.site.publishedId).toBe(good)
  }, 60_000)

  describe('because of a variable', () => {
    const withLevel = (LEVEL: string) => stage.desired({ ...verified, env: { LEVEL } })

    /** A good deploy, and one of the same source that a variable broke and that was taken back; resolves with both. */
    async function breakByVariable() {
      stage = await FunctionStage.open()
      await stage.write(
        'netlify/functions/hello.mjs',
        "export default async () => new Response(process.env.LEVEL, { status: process.env.LEVEL === 'bad' ? 500 : 200 })\n",
      )
      await stage.pass(withLevel('info'))
      await stage.observe(withLevel('info'))
      const good = stage.site.publishedId
      stage.site.age(61_000)
      const done: string[] = []
      for (let pass = 0; pass < 4; pass += 1) {
        for (const { type } of await stage.pass(withLevel('bad'))) done.push(type)
      }
      expect(done.slice(0, 3)).toEqual(['set-env', 'deploy', 'roll-back'])
      expect(stage.site.publishedId).toBe(good)
      const failed = stage.site.deploys.at(-1)?.id
      return { good, failed }
    }

    it('is no success: what is published again lacks what is declared', async () => {
      const { good, failed } = await breakByVariable()
      const pair = await stage.observe(withLevel('bad'))
      expect(stage.assess(pair)).toMatchObject({
        status: 'Degraded',
        reason: 'RolledBack',
        message: expect.stringMatching(
          `^deploy ${failed} was taken back .* deploy ${good} is published again`,
        ),
      })
      expect(reconciler.diff(pair)).toMatchObject([
        { type: 'deploy', blocked: { message: expect.stringContaining('change the source or a variable') } },
      ])
    }, 60_000)

    it('is mended by another value of it, with the same source', async () => {
      await breakByVariable()
      stage.site.age(61_000)
      for (const level of ['debug', 'bad', 'info']) {
        await stage.pass(withLevel(level))
        stage.site.age(61_000)
        expect(await stage.visit('/.netlify/functions/hello')).toBe(
          level === 'bad' ? '500 bad' : `200 ${level}`,
        )
        const pair = await stage.observe(withLevel(level))
        expect(stage.assess(pair).status).toBe(level === 'bad' ? 'Progressing' : 'Healthy')
      }
    }, 60_000)

    it('is seen where a person published an older deploy of ours again', async () => {
      stage = await FunctionStage.open()
      await stage.write(
        'netlify/functions/hello.mjs',
        'export default async () => new Response(process.env.LEVEL)\n',
      )
      await stage.pass(stage.desired({ env: { LEVEL: 'info' } }))
      const older = stage.site.published
      stage.site.age(61_000)
      const desired = stage.desired({ env: { LEVEL: 'debug' } })
      await stage.pass(desired)
      stage.site.age(61_000)
      if (older) stage.site.publish(older)
      expect(await stage.visit('/.netlify/functions/hello')).toBe('200 info')
      expect(await stage.pass(desired)).toMatchObject([{ type: 'deploy', reason: 'environment changed' }])
      expect(await stage.visit('/.netlify/functions/hello')).toBe('200 debug')
      expect(await stage.pass(desired)).toEqual([])
    }, 60_000)
  })
})
