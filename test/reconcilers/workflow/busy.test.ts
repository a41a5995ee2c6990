import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SimulatedRepository, SimulatedWorkflow } from '../../simulators/github/world.ts'
import { closeSite, type GithubWorld, openSite, passOf } from '../../support/github-world.ts'

const minute = 60_000
const hour = 60 * minute

let world: GithubWorld
let site: SimulatedRepository
let ci: SimulatedWorkflow

beforeEach(async () => {
  ;({ world, site, workflow: ci } = await openSite('ci.yml'))
})

afterEach(async () => expect(await closeSite(world)).toEqual([]))

const pass = () => passOf(world)

/** Runs of proposals, one a minute, the last of them now. */
function addProposals(count: number, of: SimulatedWorkflow = ci): void {
  for (let index = 0; index < count; index += 1) {
    site.addRun(of, { event: 'pull_request', branch: `pr-${index}`, age: (count - 1 - index) * minute })
  }
}

/** Requests that counted while something is done. */
async function countedIn(work: () => Promise<unknown>): Promise<number> {
  const before = world.simulator.calls.length
  await work()
  return world.simulator.calls.slice(before).filter(({ isCounted }) => isCounted).length
}

const daily = { within: '24h', onStale: 'dispatch' } as const

describe('a branch whose runs are behind those of many proposals', () => {
  it.each([
    ['100 of the workflow', 0, 101],
    ['30 of the workflow and 70 of another', 70, 30],
    ['1,000 of the workflow', 0, 940],
  ])('is seen at first sight, and nothing is dispatched: %s', async (_, others, own) => {
    site.addRun(ci, { event: 'schedule', age: 16 * hour })
    const lint = site.addWorkflow('lint.yml')
    addProposals(own)
    addProposals(others, lint)
    world.declare('ci', { green: daily })
    for (let round = 0; round < 3; round += 1) expect(await pass()).toMatch(/^Healthy: run \d+ was green/)
    expect(world.simulator.writes()).toEqual([])
  })

  it.each([
    ['at once', async () => undefined],
    ['after a restart', async () => world.restart()],
  ])('is judged by what was seen of it before, for nothing, and gets stale (%s)', async (_, between) => {
    site.addRun(ci, { event: 'schedule', age: 5 * hour })
    world.declare('ci', { green: daily })
    addProposals(10)
    expect(await pass()).toMatch(/^Healthy/)
    await between()
    world.advance(150 * minute)
    addProposals(150)
    expect(await pass()).toMatch(/^Healthy: run \d+ was green/)
    await pass()
    await between()
    expect(await countedIn(pass)).toBe(0)
    world.advance(24 * hour)
    expect(await pass()).toMatch(/^Progressing: dispatch/)
    expect(await pass()).toMatch(/^Healthy/)
    expect(world.simulator.callsTo('dispatch')).toHaveLength(1)
  })

  it('is judged by a run that was hidden among the proposals', async () => {
    site.addRun(ci, { event: 'schedule', age: 5 * hour })
    world.declare('ci', { green: daily })
    expect(await pass()).toMatch(/^Healthy/)
    world.advance(3 * hour)
    const failed = site.addRun(ci, { conclusion: 'failure', age: 170 * minute })
    addProposals(165)
    expect(await pass()).toMatch(new RegExp(`^Degraded: run ${failed.id} failed`))
    addProposals(100)
    expect(await pass()).toMatch(new RegExp(`^Degraded: run ${failed.id} failed`))
    site.restart(failed)
    expect(await pass()).toMatch(new RegExp(`^(Progressing|Healthy): run ${failed.id}`))
    expect(await pass()).toMatch(new RegExp(`^Healthy: run ${failed.id} was green`))
  })

  it('is judged by the run before where the newest was deleted, or does not count any more', async () => {
    const first = site.addRun(ci, { event: 'schedule', age: 8 * hour })
    const second = site.addRun(ci, { event: 'push', age: 7 * hour })
    world.declare('ci', { green: {} })
    expect(await pass()).toMatch(new RegExp(`^Healthy: run ${second.id}`))
    world.advance(3 * hour)
    addProposals(150)
    expect(await pass()).toMatch(new RegExp(`^Healthy: run ${second.id}`))
    world.declare('ci', { green: { events: ['schedule'] } })
    expect(await pass()).toMatch(new RegExp(`^Healthy: run ${first.id}`))
    world.declare('ci', { green: {} })
    site.runs.splice(site.runs.indexOf(second), 1)
    expect(await pass()).toMatch(new RegExp(`^Healthy: run ${first.id}`))
  })

  it('never ran where no run of the workflow was on it, which costs nothing while nothing runs', async () => {
    addProposals(250)
    world.declare('ci', { green: { onStale: 'none' } })
    expect(await pass()).toMatch(/^Unknown: no completed run was seen/)
    expect(await pass()).toMatch(/^Degraded: no completed run that counts on branch main/)
    expect(await countedIn(pass)).toBe(0)
  })

  it('is Unknown where not all of them were looked through, and stale once they reach back so far', async () => {
    site.addRun(ci, { event: 'schedule', age: 30 * hour })
    addProposals(1100)
    world.declare('ci', { green: daily })
    expect(await pass()).toMatch(/^Unknown: no completed run was seen/)
    for (let round = 0; round < 2; round += 1) {
      expect(await pass()).toMatch(
        /^Unknown: no completed run that counts on branch main in 16h \d+m; further back/,
      )
    }
    expect(world.simulator.writes()).toEqual([])
    world.declare('ci', { green: { within: '12h' } })
    expect(await pass()).toMatch(/^Degraded: no completed run .* in 16h \d+m; at most 12h is declared/)
    world.declare('ci', { green: { ...daily, within: '12h' } })
    await pass()
    expect(await pass()).toMatch(/^Healthy/)
    expect(world.simulator.callsTo('dispatch')).toHaveLength(1)
  })
})
