import { afterEach, beforeEach, expect, it } from 'vitest'
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
