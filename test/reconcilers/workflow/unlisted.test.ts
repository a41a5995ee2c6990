import { afterEach, beforeEach, expect, it } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import type { SimulatedRepository } from '../../simulators/github/world.ts'
import { GithubWorld, passOf } from '../../support/github-world.ts'

let world: GithubWorld
let site: SimulatedRepository
const path = '.github/workflows/ci.yml'
const text = 'on: push\njobs: { a: { runs-on: x, steps: [{ run: "true" }] } }\n'

beforeEach(async () => {
  world = await GithubWorld.create()
  site = world.simulator.world.add('acme/site', 'trunk')
  await world.write('ci.yml', text)
})

afterEach(async () => {
  await world.close()
  expect(world.simulator.violations).toEqual([])
})

it('a file on another branch than the default one is told to be where GitHub lists it only once it ran', async () => {
  site.branch('side')
  site.commit('side', path, Buffer.from(text))
  world.declare('ci', { source: 'ci.yml', branch: 'side' })
  expect(await passOf(world)).toMatch(
    /^Degraded: .*on side, where .* before it ran once; on trunk, the default/,
  )
  site.addRun(site.addWorkflow('ci.yml'), { branch: 'side' })
  expect(await passOf(world)).toMatch(/^Healthy/)
})

it('a file on the default branch is waited for', async () => {
  site.commit('trunk', path, Buffer.from(text))
  world.declare('ci', { source: 'ci.yml', branch: 'trunk' })
  expect(await passOf(world)).toBe(
    'Progressing: the file is on trunk, and GitHub does not list the workflow yet',
  )
})

it('a file that GitHub does not list after all is a trouble, until he does', async () => {
  site.commit('trunk', path, Buffer.from(text))
  world.declare('ci', { source: 'ci.yml', branch: 'trunk' })
  expect(await passOf(world)).toMatch(/^Progressing/)
  world.advance(5 * 60_000)
  expect(await passOf(world)).toMatch(/^Progressing/)
  world.advance(5 * 60_000)
  expect(await passOf(world)).toBe(
    'Degraded: the file is on trunk, and GitHub has not listed the workflow for more than 10 minutes: Actions may be off for the repository',
  )
  site.addRun(site.addWorkflow('ci.yml'), { branch: 'trunk' })
  expect(await passOf(world)).toMatch(/^Healthy/)
  // Another time is counted anew.
  site.workflows.splice(0)
  expect(await passOf(world)).toMatch(/^Progressing/)
})

it('a fallback takes the place of what GitHub does not list after all', async () => {
  site.commit('trunk', path, Buffer.from(text))
  const backup = site.addWorkflow('backup.yml')
  world.declare('ci', { source: 'ci.yml', branch: 'trunk' }, { fallback: [resourceId('Workflow', 'backup')] })
  world.declare('backup', { branch: 'trunk' })
  await passOf(world)
  await passOf(world)
  expect(backup.state).not.toBe('active')
  world.advance(11 * 60_000)
  for (let count = 0; count < 3; count += 1) await passOf(world)
  expect(backup.state).toBe('active')
})
