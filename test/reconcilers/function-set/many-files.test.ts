import { afterEach, describe, expect, it } from 'vitest'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** So many pages of a hundred files. */
const filesOf = (pages: number, also: Readonly<Record<string, string>> = {}) => ({
  ...Object.fromEntries(Array.from({ length: pages * 100 - 1 }, (_, index) => [`/p/${index}.html`, 'page'])),
  ...also,
})

const listed = () => stage.simulator.callsTo('listSiteFiles').length

describe('a site of many files', () => {
  it('is listed once before a deploy and once after it, and waits for the next minute where calls run out', async () => {
    // Of these, reads leave a hundred to writes.
    stage = await FunctionStage.open({}, { callsAMinute: 250 })
    stage.site.seed({ files: filesOf(100) })
    stage.site.age(61_000)
    await stage.addFunction('hello')
    const pair = await stage.observe(stage.desired())
    // There are no rules that a file must tell of.
    expect(listed()).toBe(0)
    stage.simulator.hook = ({ operation, phase }) => {
      if (operation === 'listSiteFiles' && phase === 'done' && listed() === 120)
        stage.simulator.endMinuteIn(1500)
    }
    await stage.applyAll(pair)
    expect(listed()).toBe(200)
    expect(stage.published()).toEqual(['hello'])
    expect(Object.keys(stage.site.published?.files ?? {})).toHaveLength(9_999)
    const after = await stage.observe(stage.desired())
    expect(stage.assess(after)).toMatchObject({ status: 'Healthy' })
    // What its proof found is what the next one starts from.
    stage.simulator.hook = undefined
    stage.simulator.age(61_000)
    await stage.addFunction('hello', 'changed')
    await stage.pass(stage.desired())
    expect(listed()).toBe(300)
    expect(await stage.visit('/.netlify/functions/hello')).toBe('200 changed')
  }, 60_000)

  it('is looked at in a moment although its rules stand in a file, and told of when it is to be deployed', async () => {
    stage = await FunctionStage.open()
    const buildRules = { redirects: 3, headers: 0, edgeFunctions: 0 }
    stage.site.seed({ files: filesOf(30), buildRules })
    stage.site.age(61_000)
    await stage.addFunction('hello')
    const pair = await stage.observe(stage.desired())
    expect(listed()).toBe(10)
    expect(pair.observed?.obstacles).toEqual([])
    await expect(stage.applyAll(pair)).rejects.toThrow(
      /the site has 3 redirects of its build, and no file of it says which.* Nothing was changed/,
    )
    expect(stage.simulator.writes()).toEqual([])
    // It is known by now.
    const calls = listed()
    expect(await stage.pass(stage.desired())).toMatchObject([{ blocked: { reason: 'NotAllowed' } }])
    expect(listed()).toBe(calls)
  }, 60_000)

  it('of few pages is told of at once, and listed anew when another deploy is published', async () => {
    stage = await FunctionStage.open()
    const buildRules = { redirects: 3, headers: 0, edgeFunctions: 0 }
    stage.site.seed({ files: filesOf(2), buildRules })
    await stage.addFunction('hello')
    expect(await stage.pass(stage.desired())).toMatchObject([
      { blocked: { message: expect.stringContaining('no file of it says which') } },
    ])
    expect(await stage.pass(stage.desired())).toHaveLength(1)
    expect(listed()).toBe(2)
    stage.site.seed({ files: filesOf(2, { '/_redirects': '/a /b 301' }) })
    stage.site.age(61_000)
    await stage.pass(stage.desired())
    expect(stage.site.published?.files).toHaveProperty('/_redirects')
    expect(stage.published()).toEqual(['hello'])
  }, 60_000)
})
