import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PassResult } from '../../../src/engine/pass.ts'
import { GithubWorld } from '../../support/github-world.ts'

const hour = 3_600_000

let world: GithubWorld

beforeEach(async () => {
  world = await GithubWorld.create()
})

afterEach(async () => {
  const { violations } = world.simulator
  await world.close()
  expect(violations).toEqual([])
})

function healthOf(result: PassResult): Readonly<Record<string, string>> {
  return Object.fromEntries([...result.states].map(([id, { status }]) => [id.slice(9), status.health]))
}

it('sees what changed and acts with what is kept for it, where the rest of the hour is used up', async () => {
  const site = world.simulator.world.add('acme/site')
  const broken = site.addRun(site.addWorkflow('failed.yml'))
  site.addRun(site.addWorkflow('stale.yml'))
  site.addWorkflow('drifted.yml')
  // A commit to main would move the head on, and a rerun could not make that green.
  site.branch('files')
  const path = '.github/workflows/drifted.yml'
  await world.write('drifted.yml', String(site.branches.get('files')?.files.get(path)))
  world.declare('failed', { green: { onFailure: 'rerun' } })
  world.declare('stale', { green: { within: '24h', onStale: 'dispatch' } })
  world.declare('drifted', { source: 'drifted.yml', branch: 'files' })
  const well = { failed: 'Healthy', stale: 'Healthy', drifted: 'Healthy' }
  expect(healthOf(await world.pass())).toEqual(well)
  world.advance(25 * hour)
  world.simulator.remaining = 900
  broken.conclusion = 'failure'
  site.commit('files', path, Buffer.from('on: drifted\n'))
  await world.pass()
  expect(broken.attempt).toBe(2)
  expect(site.runs.filter(({ event }) => event === 'workflow_dispatch')).toHaveLength(1)
  expect(String(site.branches.get('files')?.files.get(path))).not.toBe('on: drifted\n')
  expect(healthOf(await world.pass())).toEqual(well)
  expect(world.simulator.remaining).toBeLessThan(900)
})

it('goes on a minute after one secondary limit, however many calls met it', async () => {
  for (let index = 0; index < 12; index += 1) {
    const repository = world.simulator.world.add(`acme/r${index}`)
    repository.addRun(repository.addWorkflow('ci.yml'))
    world.declare(`w${index}`, {
      repository: `acme/r${index}`,
      path: '.github/workflows/ci.yml',
      green: { within: '24h' },
    })
  }
  world.simulator.faults.add({ kind: 'secondary' })
  const { states } = await world.pass()
  for (const { status } of states.values()) {
    expect(status).toMatchObject({
      health: 'Unknown',
      message: expect.stringMatching(/goes on in (1m|59s)$/),
    })
  }
  world.simulator.faults.clear()
  world.advance(61_000)
  expect(new Set(Object.values(healthOf(await world.pass())))).toEqual(new Set(['Healthy']))
})
