import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SimulatedDeploy } from '../../simulators/netlify/world.ts'
import { FunctionStage } from './stage.ts'

let stage: FunctionStage

beforeEach(async () => {
  stage = await FunctionStage.open({ repository: 'https://github.com/acme/site' })
  await stage.addFunction('hello')
  seed()
})

afterEach(async () => {
  await stage.close()
  expect(stage.simulator.violations).toEqual([])
})

/** A build of the site that somebody's push began, and that is over. */
function seed(): void {
  stage.site.seed({ functions: { hello: { zip: Buffer.from('built by Netlify') } } })
}

const desired = () => stage.desired({ via: 'build', env: { LEVEL: 'debug' } })

function newest(): SimulatedDeploy {
  const found = stage.site.deploys.at(-1)
  if (!found) throw new Error('Expected a deploy')
  return found
}

function succeed(build: SimulatedDeploy): void {
  build.state = 'ready'
  build.functions = { ...stage.site.published?.functions }
  stage.site.publish(build)
}

const types = async () => (await stage.pass(desired())).map(({ type }) => type)
const health = async () => stage.assess(await stage.observe(desired()))

describe('changed variables of a site that is built by Netlify', () => {
  it('are waited for until a build has them, and another is started where one failed', async () => {
    expect(await types()).toEqual(['set-env', 'build'])
    expect(await health()).toMatchObject({
      status: 'Progressing',
      message: `deploy ${newest().id} is being built; changed variables do not take effect before that`,
    })
    expect(await types()).toEqual([])
    Object.assign(newest(), { state: 'error', error: 'Build script returned non-zero exit code: 2' })
    stage.restart()
    expect(await types()).toEqual(['build'])
    succeed(newest())
    stage.restart()
    expect(await types()).toEqual([])
    expect(await health()).toMatchObject({ status: 'Healthy' })
    expect(stage.site.published?.env).toEqual({ LEVEL: 'debug' })
    expect(stage.site.builds).toHaveLength(2)
  })

  it('are not taken for built in by a build that was begun before they were set', async () => {
    const theirs = stage.site.begin({})
    theirs.state = 'building'
    expect(await types()).toEqual(['set-env'])
    expect(await types()).toEqual([])
    succeed(theirs)
    expect(await types()).toEqual(['build'])
    succeed(newest())
    expect(await types()).toEqual([])
    expect(stage.site.published?.env).toEqual({ LEVEL: 'debug' })
  })

  it('are built in by what somebody else had built after ours', async () => {
    await types()
    newest().state = 'error'
    seed()
    expect(await types()).toEqual([])
    expect(await health()).toMatchObject({ status: 'Healthy' })
    expect(stage.site.published?.env).toEqual({ LEVEL: 'debug' })
  })

  it('are built in by a build that Netlify calls by its commit', async () => {
    await types()
    Object.assign(newest(), { title: 'Mend the page' })
    expect(await types()).toEqual([])
    succeed(newest())
    stage.restart()
    expect(await types()).toEqual([])
    expect(stage.site.builds).toHaveLength(1)
  })

  it('are built in by the build whose answer was lost', async () => {
    stage.simulator.faults.add({ kind: '502-after', on: 'createSiteBuild', times: 1 })
    await expect(stage.pass(desired())).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    stage.restart()
    expect(await types()).toEqual([])
    succeed(newest())
    expect(await types()).toEqual([])
    expect(stage.site.builds).toHaveLength(1)
  })

  it('start no build of a site that is locked, which would publish nothing', async () => {
    if (stage.site.published) stage.site.published.isLocked = true
    expect(await stage.pass(desired())).toMatchObject([
      { type: 'set-env' },
      {
        type: 'build',
        blocked: { message: expect.stringMatching(/is locked: nothing newer would be published/) },
      },
    ])
    expect(stage.site.builds).toEqual([])
  })
})
