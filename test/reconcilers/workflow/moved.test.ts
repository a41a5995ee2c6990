import { afterEach, describe, expect, it } from 'vitest'
import type { SimulatedRepository } from '../../simulators/github/world.ts'
import { GithubWorld, passOf } from '../../support/github-world.ts'

let world: GithubWorld
let site: SimulatedRepository

async function open(as: 'token' | 'app' = 'token') {
  world = await GithubWorld.create(as)
  site = world.simulator.world.add('acme/site')
  const ci = site.addWorkflow('ci.yml')
  return ci
}

afterEach(async () => {
  await world.close()
  expect(world.simulator.violations).toEqual([])
})

const move = (fullName: string) => world.simulator.world.move(site, fullName)

describe.each(['token', 'app'] as const)('with the credential of a kind: %s', (as) => {
  it('a repository that was renamed is found by its old name, and told by its new one', async () => {
    const ci = await open(as)
    const failed = site.addRun(ci, { conclusion: 'failure' })
    world.declare('ci', { green: { onFailure: 'rerun' } })
    move('acme/home')
    await passOf(world)
    expect(failed.attempt).toBe(2)
    expect(await passOf(world)).toMatch(
      /^Healthy: run \d+ was green .*; GitHub calls the repository acme\/home now: correct `repository`$/,
    )
  })
})

it('a workflow that is declared by the old and by the new name of its repository has one owner, and no other acts on it', async () => {
  const ci = await open()
  site.addRun(ci)
  world.declare('ci', { state: 'active', reenable: ['manual'] })
  world.declare('again', { repository: 'acme/home', path: '.github/workflows/ci.yml', state: 'disabled' })
  move('acme/home')
  await passOf(world)
  for (let count = 0; count < 3; count += 1) {
    expect((await passOf(world)).split(',Unknown: ')).toEqual([
      'Healthy: disabled, as declared',
      expect.stringMatching(/^Left it to Workflow\/again,.* repository acme\/site acme\/home now/),
    ])
  }
  expect(world.simulator.writes()).toHaveLength(1)
  world.undeclare('again')
  for (let count = 0; count < 2; count += 1) await passOf(world)
  expect(ci.state).toBe('active')
})

it('a repository that was given to another owner leaves the others of the App alone', async () => {
  const ci = await open('app')
  world.simulator.apps.install('77', 'newco')
  const other = world.simulator.world.add('acme/other')
  site.addRun(ci)
  other.addRun(other.addWorkflow('test.yml'))
  world.declare('ci', { green: {} })
  world.declare('test', { repository: 'acme/other', green: {} })
  move('newco/site')
  expect(await passOf(world)).toMatch(/^Healthy: .*newco\/site.*,Healthy: run/)
})

it('the pull request of a repository that was given to another owner is found, and no other is opened', async () => {
  await open()
  await world.write('ci.yml', 'on: push\njobs: { a: { runs-on: x, steps: [{ run: "true" }] } }\n')
  world.declare('ci', { source: 'ci.yml', delivery: 'pull-request' })
  await passOf(world)
  expect(site.pulls).toHaveLength(1)
  move('newco/site')
  const writes = world.simulator.writes().length
  for (let count = 0; count < 3; count += 1) {
    expect(await passOf(world)).toMatch(/^Progressing: pull request #1 waits to be merged; .*newco\/site/)
  }
  expect(world.simulator.writes()).toHaveLength(writes)
})

it('a repository that took the name of one that was renamed is what the name stands for', async () => {
  const ci = await open()
  site.addRun(ci)
  world.declare('ci', { green: {} })
  move('acme/home')
  expect(await passOf(world)).toMatch(/acme\/home/)
  const taken = world.simulator.world.add('acme/site')
  taken.addRun(taken.addWorkflow('ci.yml'), { conclusion: 'failure' })
  expect(await passOf(world)).toMatch(/^Degraded: run \d+ failed/)
})

describe('a repository that was given to another owner, once the manifest is corrected', () => {
  it('loses neither its workflow nor its pull request to what the old name stood for', async () => {
    const ci = await open()
    await world.write('ci.yml', 'on: push\njobs: { a: { runs-on: x, steps: [{ run: "true" }] } }\n')
    const spec = { source: 'ci.yml', delivery: 'pull-request' as const, state: 'active' as const }
    world.declare('ci', spec, { deletionPolicy: 'Delete' })
    await passOf(world)
    await passOf(world)
    move('newco/site')
    await passOf(world)
    const writes = world.simulator.writes().length
    world.declare('ci', { ...spec, repository: 'newco/site' }, { deletionPolicy: 'Delete' })
    for (let count = 0; count < 4; count += 1) await passOf(world)
    expect(await passOf(world)).toBe('Progressing: pull request #1 waits to be merged')
    expect(ci.state).toBe('active')
    expect(site.pulls.map(({ state }) => state)).toEqual(['open'])
    expect(world.simulator.writes()).toHaveLength(writes)
  })
})
