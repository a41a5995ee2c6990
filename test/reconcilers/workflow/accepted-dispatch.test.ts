import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { Secret } from '../../../src/core/secret.ts'
import { connectWorkflows } from '../../../src/reconcilers/workflow/connection.ts'
import { dispatchOf } from '../../../src/reconcilers/workflow/remedy.ts'
import type { SimulatedRepository, SimulatedRun, SimulatedWorkflow } from '../../simulators/github/world.ts'
import { GithubWorld } from '../../support/github-world.ts'
import { defaultFleet } from '../../support/modelled-fleet.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { desired, observed, observedRuns, pairOf, run as runOf } from './model.ts'

const minute = 60_000
const hour = 60 * minute

let world: GithubWorld
let site: SimulatedRepository
let ci: SimulatedWorkflow
/** Runs that GitHub has promised, and not made yet. */
let late: SimulatedRun[]

beforeEach(async () => {
  world = await GithubWorld.create()
  site = world.simulator.world.add('acme/site')
  ci = site.addWorkflow('ci.yml')
  late = []
  site.addRun(ci, { age: 30 * hour })
  world.declare('ci', { green: { within: '24h', onStale: 'dispatch' } })
  world.simulator.hook = ({ route, phase }) => {
    if (route !== 'dispatch' || phase !== 'done') return
    const run = site.runs.find(({ event, status }) => event === 'workflow_dispatch' && status === 'queued')
    if (run) late.push(...site.runs.splice(site.runs.indexOf(run), 1))
  }
})

afterEach(async () => {
  const { violations } = world.simulator
  await world.close()
  expect(violations).toEqual([])
})

/** One pass, and a while that goes by; health and message. */
async function pass(while_ = minute): Promise<string> {
  const { states } = await world.pass()
  world.advance(while_)
  return [...states.values()].map(({ status }) => `${status.health}: ${status.message}`).join()
}

const sent = () => world.simulator.callsTo('dispatch').filter(({ status }) => status < 300).length

describe.each([
  ['names', true],
  ['does not name', false],
])('a dispatch that GitHub took, whose run he %s and makes an hour later', (_, tellsRuns) => {
  beforeEach(() => {
    world.simulator.tellsRuns = tellsRuns
  })

  it.each([
    ['while the program runs', async () => undefined],
    ['though it starts anew each time', async () => world.restart()],
  ])('is not sent again, %s, and is told to be late', async (__, between) => {
    expect(await pass()).toMatch(/^Progressing/)
    expect(await pass()).toMatch(/^Progressing: a run was asked for, and is not in the list yet/)
    for (let round = 0; round < 30; round += 1) {
      await between()
      const said = await pass(2 * minute)
      if (round > 2) expect(said).toMatch(/^Degraded: GitHub took a dispatch \S+.* ago and shows no run/)
    }
    expect(sent()).toBe(1)
    site.runs.unshift(...late)
    await pass()
    expect(await pass()).toMatch(/^Healthy/)
    world.advance(8 * hour)
    expect(await pass()).toMatch(/^Healthy/)
    expect(sent()).toBe(1)
  })

  it('is thought lost after six hours, and sent once more', async () => {
    for (let round = 0; round < 35; round += 1) await pass(10 * minute)
    expect(sent()).toBe(1)
    for (let round = 0; round < 10; round += 1) await pass(10 * minute)
    expect(sent()).toBe(2)
  })

  it('says nothing against a run that came meanwhile and is green', async () => {
    for (let round = 0; round < 10; round += 1) await pass()
    site.addRun(ci, { event: 'push' })
    expect(await pass()).toMatch(/^Healthy/)
    expect(sent()).toBe(1)
  })
})

it('a dispatch whose run is named does not take a person’s for its own', async () => {
  await pass()
  site.addRun(ci, { event: 'workflow_dispatch', conclusion: 'cancelled' })
  for (let round = 0; round < 5; round += 1) await pass()
  expect(sent()).toBe(1)
  site.runs.unshift(...late)
  await pass()
  expect(await pass()).toMatch(new RegExp(`^Healthy: run ${late[0]?.id} was green`))
})

it('a dispatch that GitHub took has not failed where that could not be written down', async () => {
  const cache = {
    get: async () => undefined,
    list: async () => [],
    put: async () => {
      throw new Error('the disk is full')
    },
    prune: async () => undefined,
  }
  const warnings: unknown[] = []
  const connection = await connectWorkflows(
    {
      fleet: {
        ...defaultFleet,
        github: {
          apiUrl: world.simulator.url,
          token: Secret.read('fromEnv GITHUB_TOKEN', 'test-token', 'd'),
        },
      },
      env: {},
      clock: systemClock,
      random: new SeededRandom(1),
      logger: { ...silentLogger, warn: (fields) => void warnings.push(fields) },
      store: { id: 's', location: '' },
      mayRunCommands: false,
      cache,
    },
    { isSpaced: false, pauses: [] },
  )
  const wanted = desired({ green: { within: '24h', onStale: 'dispatch' } })
  const { id, name, path } = ci
  const workflow = { id, name, path, state: 'active' as const, url: '', repository: undefined }
  const runs = observedRuns(site.runs.map((run) => runOf({ id: run.id })))
  const pair = pairOf(wanted, observed({ workflow, runs }))
  await connection.apply(dispatchOf(pair, wanted, 'stale'), new AbortController().signal)
  expect(sent()).toBe(1)
  expect(warnings).toEqual([{ error: 'the disk is full' }])
  await connection.close()
})
