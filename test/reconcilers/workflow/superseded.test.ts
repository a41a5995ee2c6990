import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SimulatedRepository, SimulatedWorkflow } from '../../simulators/github/world.ts'
import { closeSite, type GithubWorld, openSite, passOf } from '../../support/github-world.ts'

const hour = 3_600_000

let world: GithubWorld
let site: SimulatedRepository
let deploy: SimulatedWorkflow

beforeEach(async () => {
  ;({ world, site, workflow: deploy } = await openSite('deploy.yml'))
})

afterEach(async () => expect(await closeSite(world)).toEqual([]))

const pass = () => passOf(world)

const push = () => site.commit('main', 'README', Buffer.from(`commit ${site.runs.length}`))
const reruns = () => [...world.simulator.callsTo('rerun'), ...world.simulator.callsTo('rerunFailed')].length
const dispatches = () => world.simulator.callsTo('dispatch').length

describe('a failed run after which another came', () => {
  it.each([
    ['that a person cancelled', { conclusion: 'cancelled' }],
    ['that was skipped', { conclusion: 'skipped' }],
    ['of an event that does not count', { event: 'repository_dispatch' }],
    ['of an event that does not count, on its way', { event: 'repository_dispatch', status: 'in_progress' }],
  ])('is not run again, %s: its commit is an old one', async (_, later) => {
    const old = site.addRun(deploy, { conclusion: 'failure', age: 2 * hour })
    push()
    const newer = site.addRun(deploy, { age: hour, ...later })
    world.declare('deploy', { green: { onFailure: 'rerun-failed', events: ['push'] } })
    await pass()
    expect(await pass()).toMatch(
      new RegExp(`^Degraded: run ${old.id} failed .*run ${newer.id} came after it`, 's'),
    )
    expect(world.simulator.writes()).toEqual([])
  })

  it('is not run again where a person cancelled our own rerun of the newer one', async () => {
    const old = site.addRun(deploy, { conclusion: 'failure', age: 2 * hour })
    push()
    const newer = site.addRun(deploy, { conclusion: 'failure', age: hour })
    deploy.outcomes.push('cancelled')
    world.declare('deploy', { green: { onFailure: 'rerun' } })
    for (let round = 0; round < 4; round += 1) await pass()
    expect([old.attempt, newer.attempt]).toEqual([1, 2])
    expect(reruns()).toBe(1)
  })

  it('has no new run dispatched where a person cancelled the newer one', async () => {
    site.addRun(deploy, { conclusion: 'failure', age: 2 * hour })
    push()
    site.addRun(deploy, { conclusion: 'cancelled', age: hour })
    world.declare('deploy', { green: { onFailure: 'dispatch', onStale: 'dispatch' } })
    await pass()
    expect(await pass()).toMatch(/was cancelled/)
    expect(dispatches()).toBe(0)
  })

  it.each([
    ['has the head dispatched where the newer one was skipped', { conclusion: 'skipped' }, true, [0, 1]],
    ['is run again where the newer one is of the same commit', { conclusion: 'skipped' }, false, [1, 0]],
    ['is run again where the newer one is of a proposal', { event: 'pull_request' }, true, [1, 0]],
  ])('%s', async (_, later, hasMoved, expected) => {
    const old = site.addRun(deploy, { conclusion: 'failure', age: 2 * hour })
    const headSha = hasMoved ? 'b'.repeat(40) : old.headSha
    site.addRun(deploy, { age: hour, headSha, ...later })
    world.declare('deploy', { green: { onFailure: 'rerun', onStale: 'dispatch' } })
    await pass()
    expect(await pass()).toMatch(/^Healthy/)
    expect([reruns(), dispatches()]).toEqual(expected)
  })
})

describe('a failed run after which another comes while it is acted on', () => {
  it.each(['rerun', 'rerun-failed'] as const)('is not run again beside it (%s)', async (onFailure) => {
    const old = site.addRun(deploy, { conclusion: 'failure', age: hour })
    world.declare('deploy', { green: { onFailure } })
    world.simulator.hook = ({ route, phase }) => {
      if (route !== 'getRun' || phase !== 'received') return
      world.simulator.hook = undefined
      push()
      site.addRun(deploy, { status: 'in_progress' })
    }
    expect(await pass()).not.toMatch(/^Healthy/)
    expect(old.attempt).toBe(1)
    expect(reruns()).toBe(0)
    expect(await pass()).toMatch(/^Progressing: run \d+ is running/)
  })
})
