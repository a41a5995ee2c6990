import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import type { SimulatedRepository, SimulatedWorkflow } from '../../simulators/github/world.ts'
import { closeSite, type GithubWorld, openSite, passOf } from '../../support/github-world.ts'
import { defaultControls } from '../../support/modelled-fleet.ts'

let world: GithubWorld
let site: SimulatedRepository
let ci: SimulatedWorkflow

beforeEach(async () => {
  ;({ world, site, workflow: ci } = await openSite('ci.yml'))
})

afterEach(async () => expect(await closeSite(world)).toEqual([]))

const pass = () => passOf(world)

const dispatches = () => site.runs.filter(({ event }) => event === 'workflow_dispatch').length
const mend = () => site.commit('main', 'README', Buffer.from('mended'))

describe('a list of runs that shows an earlier attempt', () => {
  it.each([
    ['at once', async () => undefined],
    ['after a restart', async () => world.restart()],
  ])('is no news, %s: a green workflow is Unknown, and nothing is run again', async (_, between) => {
    const run = site.addRun(ci, { conclusion: 'failure' })
    world.declare('ci', { green: { onFailure: 'rerun-failed' } })
    await pass()
    expect(await pass()).toMatch(/^Healthy: run \d+ was green/)
    const writes = world.simulator.writes().length
    await between()
    world.simulator.faults.add({ kind: 'older-attempt' })
    expect(await pass()).toMatch(/^Unknown: GitHub's list of runs is older .* it lacks run \d+, attempt 2/)
    world.simulator.faults.clear()
    expect(await pass()).toMatch(/^Healthy/)
    expect(world.simulator.writes()).toHaveLength(writes)
    expect(run.attempt).toBe(2)
  })

  it('is no news of a run behind one that does not count either', async () => {
    site.addRun(ci, { conclusion: 'failure' })
    world.declare('ci', { green: { onFailure: 'rerun-failed' } })
    await pass()
    site.addRun(ci, { conclusion: 'cancelled' })
    expect(await pass()).toMatch(/^Healthy/)
    world.simulator.faults.add({ kind: 'older-attempt' })
    expect(await pass()).toMatch(/^Unknown/)
  })

  it('is no news either where the run itself is shown so, and nothing is run again, until there is a newer run', async () => {
    const run = site.addRun(ci, { conclusion: 'failure' })
    world.declare('ci', { green: { onFailure: 'rerun' } })
    site.restart(run)
    site.advance()
    expect(await pass()).toMatch(/^Healthy/)
    Object.assign(run, run.before)
    expect(await pass()).toMatch(/^Unknown/)
    expect(world.simulator.writes()).toEqual([])
    site.addRun(ci)
    expect(await pass()).toMatch(/^Healthy/)
  })

  it('is none where it only says when GitHub touched a run last', async () => {
    const run = site.addRun(ci)
    world.declare('ci', { green: {} })
    run.updatedAt += 5000
    expect(await pass()).toMatch(/^Healthy/)
    run.updatedAt -= 5000
    expect(await pass()).toMatch(/^Healthy/)
  })

  it('is no news where an attempt that had ended seems to go on', async () => {
    const run = site.addRun(ci)
    world.declare('ci', { green: {} })
    expect(await pass()).toMatch(/^Healthy/)
    Object.assign(run, { status: 'in_progress', conclusion: null })
    expect(await pass()).toMatch(/^Unknown/)
  })
})

describe('a head that moved on since the newest run', () => {
  it.each([
    ['could not start', { conclusion: 'startup_failure', jobs: 0 }, {}],
    ['failed', { conclusion: 'failure' }, {}],
    ['timed out', { conclusion: 'timed_out' }, {}],
    ['was cancelled, which counts', { conclusion: 'cancelled' }, { ignoreConclusions: [] }],
    ['got stale, which counts', { conclusion: 'stale' }, {}],
  ])('has a new run dispatched, once, where it %s', async (_, run, green) => {
    const old = site.addRun(ci, run)
    mend()
    world.declare('ci', { green: { onFailure: 'rerun-failed', onStale: 'dispatch', ...green } })
    await pass()
    expect(await pass()).toMatch(/^Healthy/)
    await pass()
    expect(dispatches()).toBe(1)
    expect(old.attempt).toBe(1)
  })
})

describe('a run that no rerun can help', () => {
  it('could not start: nothing is sent until the head has moved on', async () => {
    site.addRun(ci, { conclusion: 'startup_failure', jobs: 0 })
    world.declare('ci', { green: { onFailure: 'rerun', onStale: 'dispatch' } })
    expect(await pass()).toMatch(/^Degraded: run \d+ could not start: its workflow file is not valid/)
    expect(world.simulator.writes()).toEqual([])
    mend()
    await pass()
    expect(await pass()).toMatch(/^Healthy/)
  })

  it('had no jobs: its file is not valid', async () => {
    site.addRun(ci, { conclusion: 'failure', jobs: 0 })
    world.declare('ci', { green: { onFailure: 'rerun' } })
    expect(await pass()).toMatch(/^Degraded: run \d+ had no jobs: its workflow file is not valid/)
    expect(world.simulator.writes()).toEqual([])
  })

  it('was run again 50 times: GitHub would take the call, and not run it', async () => {
    const run = site.addRun(ci, { conclusion: 'failure', attempt: 50 })
    ci.outcomes.push('failure')
    const recovery = { ...defaultControls.recovery, maxAttempts: 100 }
    world.declare('ci', { green: { onFailure: 'rerun' } }, { recovery })
    await pass()
    expect(run.attempt).toBe(51)
    await pass()
    expect(await pass()).toMatch(/^Degraded: .*it was run again 50 times/)
    expect(world.simulator.callsTo('rerun')).toHaveLength(1)
    world.declare('ci', { green: { onFailure: 'rerun', onStale: 'dispatch' } }, { recovery })
    await pass()
    expect(await pass()).toMatch(/^Healthy/)
    expect(dispatches()).toBe(1)
  })
})

describe('a failed run of many jobs', () => {
  it('is told by the one that failed, on whichever page it is', async () => {
    ci.failing = { job: 'shard 240', step: 'run the tests' }
    site.addRun(ci, { conclusion: 'failure', jobs: 240 })
    world.declare('ci', { green: {} })
    expect(await pass()).toContain('failed in job "shard 240", step "run the tests"')
    await pass()
    await world.restart()
    await pass()
    expect(world.simulator.callsTo('listAttemptJobs')).toHaveLength(3)
  })
})

describe('a workflow that does not exist', () => {
  const asked = () => world.simulator.callsTo('getWorkflow').length

  it('is asked for once while the list of workflows stays the same', async () => {
    world.declare('gone', { state: 'active' })
    expect(await pass()).toMatch(/^Missing/)
    for (let round = 0; round < 3; round += 1) expect(await pass()).toMatch(/^Missing/)
    expect(asked()).toBe(1)
    site.addWorkflow('other.yml')
    expect(await pass()).toMatch(/^Missing/)
    expect(asked()).toBe(2)
    world.advance(1_800_000)
    await pass()
    expect(asked()).toBe(3)
    site.addWorkflow('gone.yml')
    expect(await pass()).toMatch(/^Healthy/)
  })

  it('is not the one that was deleted before it was made again', async () => {
    site.addWorkflow('again.yml', { state: 'deleted' })
    site.addWorkflow('again.yml')
    world.declare('again', { state: 'active' })
    expect(await pass()).toMatch(/^Healthy/)
  })
})

describe('a schedule that nobody commits beside', () => {
  const day = 86_400_000

  it.each([
    ['with a green that is declared', { green: {} }],
    ['with nothing but its state declared', { state: 'active' as const }],
  ])('is told to be disabled soon, %s', async (_, spec) => {
    world.declare('ci', spec)
    site.addRun(ci, { event: 'schedule', age: 50 * day })
    expect(await pass()).toMatch(/; GitHub disables its schedule in 10 days without activity$/)
    // Commits of a fork are none of this repository.
    site.addRun(ci, { event: 'pull_request', isOfFork: true, age: day })
    expect(await pass()).toContain('in 10 days')
    site.addRun(site.addWorkflow('other.yml'), { age: day })
    expect(await pass()).not.toContain('GitHub disables')
  })

  it('is not told of in a private repository, which GitHub spares', async () => {
    world.declare('ci', { state: 'active' })
    site.isPrivate = true
    site.addRun(ci, { event: 'schedule', age: 50 * day })
    expect(await pass()).toBe('Healthy: active')
  })
})

describe('a run that hangs', () => {
  it('is no excuse for a green one that is too old, and nothing is started beside it', async () => {
    const hour = 3_600_000
    site.addRun(ci, { event: 'schedule', age: 72 * hour })
    const hanging = site.addRun(ci, { event: 'schedule', status: 'queued', age: 23 * hour })
    world.declare('ci', { green: { within: '24h', onStale: 'dispatch' } })
    expect(await pass()).toMatch(/^Progressing: run \d+ is queued/)
    world.advance(2 * hour)
    expect(await pass()).toMatch(/^Degraded: run \d+ is queued for 1d 1h already; at most 1d is declared/)
    expect(world.simulator.writes()).toEqual([])
    Object.assign(hanging, { status: 'completed', conclusion: 'success' })
    await pass()
    expect(await pass()).toMatch(/^Healthy/)
    expect(dispatches()).toBe(1)
  })
})

describe('a fallback of which only its dispatch is declared', () => {
  it('is dispatched once when it is called upon, and stands down after', async () => {
    ci.outcomes.push('success')
    const failed = site.addRun(ci, { conclusion: 'failure' })
    const backup = site.addWorkflow('backup.yml')
    site.addRun(backup, { age: 60_000 })
    const fallback = [resourceId('Workflow', 'backup')]
    const recovery = { ...defaultControls.recovery, stableFor: 60_000 }
    world.declare('backup', { dispatch: { inputs: { reason: 'primary' } } })
    world.declare('ci', { green: {} }, { fallback, recovery })
    for (let round = 0; round < 6; round += 1) await pass()
    expect(backup.state).toBe('active')
    expect(dispatches()).toBe(1)
    site.restart(failed)
    for (let round = 0; round < 6; round += 1) await pass()
    expect(backup.state).toBe('disabled_manually')
    expect(dispatches()).toBe(1)
  })
})

describe('a workflow without a run, after the clock was set back', () => {
  it('is believed never to have run after two readings, as before', async () => {
    world.declare('ci', { green: {} })
    expect(await pass()).toMatch(/^Unknown: no completed run was seen/)
    world.advance(-86_400_000)
    await world.restart()
    await pass()
    expect(await pass()).toBe('Degraded: no completed run that counts on branch main')
  })
})
