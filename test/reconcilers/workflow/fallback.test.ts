import { afterEach, beforeEach, expect, it } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import type { SimulatedRepository, SimulatedWorkflow } from '../../simulators/github/world.ts'
import { closeSite, type GithubWorld, openSite, passOf } from '../../support/github-world.ts'

let world: GithubWorld
let site: SimulatedRepository
let ci: SimulatedWorkflow
let backup: SimulatedWorkflow

beforeEach(async () => {
  ;({ world, site, workflow: ci } = await openSite('ci.yml'))
  backup = site.addWorkflow('backup.yml')
  site.addRun(ci, { age: 60_000 })
  world.declare('ci', { green: {} }, { fallback: [resourceId('Workflow', 'backup')] })
  world.declare('backup', { dispatch: {} })
  await passOf(world)
  expect(await passOf(world)).toMatch(/^Healthy: standing by .*,Healthy: run/)
})

afterEach(async () => expect(await closeSite(world)).toEqual([]))

/** Takes a file out of the repository as a commit does. */
function removeFile({ path, id }: SimulatedWorkflow): void {
  site.workflows.splice(
    site.workflows.findIndex((workflow) => workflow.id === id),
    1,
  )
  site.branches.get('main')?.files.delete(path)
}

it.each<[string, () => void, RegExp]>([
  [
    'whose file was renamed or removed',
    () => removeFile(ci),
    /no workflow .*ci\.yml in acme\/site, branch main; nothing declared makes it \(`source`\)/,
  ],
  [
    'which GitHub disabled, and nobody declared to be enabled',
    () => {
      ci.state = 'disabled_inactivity'
    },
    /disabled by GitHub after 60 days without activity; its `state` is not declared/,
  ],
  [
    'whose run ended because nobody approved it',
    () => {
      site.addRun(ci, { conclusion: 'action_required' })
    },
    /waits for a person to approve it: .*; nothing else is tried/,
  ],
])('a fallback takes the place of a workflow %s', async (_, strike, message) => {
  strike()
  expect(await passOf(world)).toMatch(message)
  for (let count = 0; count < 3; count += 1) await passOf(world)
  expect(backup.state).toBe('active')
  expect(site.runs.filter(({ workflowId }) => workflowId === backup.id)).toHaveLength(1)
})

it('a fallback stays off where a person switched its primary off', async () => {
  ci.state = 'disabled_manually'
  for (let count = 0; count < 4; count += 1) {
    expect(await passOf(world)).toMatch(/^Healthy: standing by .*,Degraded: disabled by a person/)
  }
  expect(world.simulator.writes().map(({ route }) => route)).toEqual(['disable'])
})
