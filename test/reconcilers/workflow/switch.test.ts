import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import type { SimulatedWorkflow } from '../../simulators/github/world.ts'
import { closeSite, type GithubWorld, openSite, passOf } from '../../support/github-world.ts'

let world: GithubWorld
let ci: SimulatedWorkflow

beforeEach(async () => {
  ;({ world, workflow: ci } = await openSite('ci.yml'))
})

afterEach(async () => expect(await closeSite(world)).toEqual([]))

const pass = () => passOf(world)

const switched = () => world.simulator.writes().map(({ route }) => route)

describe('a workflow that a person had disabled before it was declared to be', () => {
  beforeEach(async () => {
    ci.state = 'disabled_manually'
    world.declare('ci', { state: 'disabled' })
    expect(await pass()).toBe('Healthy: disabled, as declared')
    await pass()
  })

  it('stays so when its state is not declared any more', async () => {
    world.declare('ci', {})
    await pass()
    expect(await pass()).toBe('Suspended: disabled by a person')
    expect(switched()).toEqual([])
  })

  it('is not enabled by `state: active` without `reenable: [manual]`', async () => {
    world.declare('ci', { state: 'active' })
    await pass()
    expect(await pass()).toMatch(/^Degraded: .*`reenable: \[manual\]` lets it be enabled again/)
    expect(switched()).toEqual([])
    world.declare('ci', { state: 'active', reenable: ['manual'] })
    await pass()
    expect(switched()).toEqual(['enable'])
  })
})

describe('a workflow that we disabled because it was declared', () => {
  it.each([
    ['its state is not declared any more', {}],
    ['it is declared to be active', { state: 'active' as const }],
  ])('is enabled again where %s, after a restart, too', async (_, spec) => {
    world.declare('ci', { state: 'disabled' })
    await pass()
    expect(ci.state).toBe('disabled_manually')
    await pass()
    await world.restart()
    world.declare('ci', spec)
    await pass()
    expect(switched()).toEqual(['disable', 'enable'])
    expect(await pass()).toMatch(/^Healthy/)
  })
})

describe('a workflow that a person disabled while ours was held or had failed', () => {
  it('stays so where we may only look', async () => {
    world.declare('ci', { state: 'disabled' }, { managementPolicy: 'Observe' })
    expect(await pass()).toMatch(/^Degraded/)
    ci.state = 'disabled_manually'
    await pass()
    world.declare('ci', {})
    await pass()
    await pass()
    expect(switched()).toEqual([])
  })

  it('stays so where GitHub had refused us', async () => {
    world.simulator.faults.add({ kind: 'forbidden', on: 'disable' })
    world.declare('ci', { state: 'disabled' })
    await pass()
    world.declare('ci', { state: 'disabled' }, { managementPolicy: 'Observe' })
    await pass()
    ci.state = 'disabled_manually'
    world.declare('ci', {})
    await pass()
    await pass()
    expect(ci.state).toBe('disabled_manually')
  })
})

describe('a workflow whose state is declared and ignored', () => {
  it.each([
    ['enabled, declared disabled', 'active', 'disabled' as const, 'Healthy: active'],
    [
      'disabled, declared disabled',
      'disabled_manually',
      'disabled' as const,
      'Healthy: disabled, as declared',
    ],
    ['disabled, declared active', 'disabled_inactivity', 'active' as const, /^Suspended: disabled by GitHub/],
  ])('is left as it is, and no difference is a fault: %s', async (_, state, declared, expected) => {
    ci.state = state
    world.declare('ci', { state: declared }, { ignore: ['/state'] })
    await pass()
    expect(await pass()).toMatch(expected)
    expect(switched()).toEqual([])
    expect(ci.state).toBe(state)
  })

  it('stands by as it is, is called upon, and is never switched', async () => {
    const site = world.simulator.world.repositories.get('acme/site')
    const backup = site?.addWorkflow('backup.yml')
    site?.addRun(ci)
    world.declare('backup', { green: {} }, { ignore: ['/state'] })
    world.declare('ci', { green: {} }, { fallback: [resourceId('Workflow', 'backup')] })
    await pass()
    expect(await pass()).not.toMatch(/still enabled|Progressing/)
    expect([backup?.state, switched()]).toEqual(['active', []])
  })
})

describe('a workflow that is no longer declared and is to be disabled then', () => {
  it('waits while GitHub says a state of it that is not known here', async () => {
    world.simulator.isJudged = false
    world.declare('ci', { state: 'active' }, { deletionPolicy: 'Delete' })
    for (const name of ['a', 'b', 'c']) {
      world.simulator.world.repositories.get('acme/site')?.addWorkflow(`${name}.yml`)
      world.declare(name, { state: 'active' })
    }
    await pass()
    world.undeclare('ci')
    ci.state = 'paused_by_a_new_rule'
    expect(await pass()).toMatch(
      /Unknown: Could not tell whether Workflow\/ci is to be disabled: .*not known here/,
    )
    ci.state = 'active'
    await pass()
    expect(switched()).toEqual(['disable'])
    expect(ci.state).toBe('disabled_manually')
  })
})
