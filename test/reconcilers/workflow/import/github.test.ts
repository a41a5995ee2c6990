import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../../../src/clients/host/clock.ts'
import { importGithub } from '../../../../src/reconcilers/workflow/import/github.ts'
import { GithubSimulator } from '../../../simulators/github/server.ts'

let simulator: GithubSimulator

beforeEach(async () => {
  simulator = await GithubSimulator.start()
})

afterEach(async () => {
  await simulator.close()
  expect(simulator.violations).toEqual([])
})

function importFrom(inputs: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return importGithub({
    inputs,
    cwd: '/',
    env: { GITHUB_API_URL: simulator.url, GH_TOKEN: 'test-token', ...env },
    clock: systemClock,
    allowedHosts: [],
    manifests: [],
    mayEvaluate: false,
    signal: AbortSignal.timeout(60_000),
  })
}

it('makes a manifest a workflow, as it is now, and judges only what has run on the default branch', async () => {
  const site = simulator.world.add('acme/Site', 'trunk')
  site.addRun(site.addWorkflow('CI.yml'))
  const pulls = site.addWorkflow('pulls.yaml')
  site.addRun(pulls, { event: 'pull_request' })
  site.addRun(pulls, { branch: 'side' })
  site.addRun(site.addWorkflow('off.yml', { state: 'disabled_manually' }))
  site.addWorkflow('quiet.yml', { state: 'disabled_inactivity' })
  site.addWorkflow('gone.yml', { state: 'deleted' })
  site.addWorkflow('dynamic/pages/build')
  const { resources, warnings, errors, conflicts } = await importFrom(['acme/Site'])
  expect({ errors, conflicts }).toEqual({ errors: [], conflicts: [] })
  const path = (file: string) => `.github/workflows/${file}`
  const own = { repository: 'acme/Site', branch: 'trunk' }
  expect(resources.map(({ id, manifest }) => [id, manifest.spec])).toEqual([
    ['Workflow/ci', { ...own, path: path('CI.yml'), state: 'active', green: {} }],
    ['Workflow/pulls', { ...own, path: path('pulls.yaml'), state: 'active' }],
    ['Workflow/off', { ...own, path: path('off.yml'), state: 'disabled' }],
    ['Workflow/quiet', { ...own, path: path('quiet.yml'), state: 'disabled' }],
  ])
  expect(warnings.map(({ code, file }) => [code, file])).toEqual([
    ['import-github-disabled', 'acme/Site'],
    ['import-github-no-file', 'acme/Site'],
  ])
  expect(simulator.writes()).toEqual([])
})

it('names each once, after its repository where there are several', async () => {
  const [a, b] = [simulator.world.add('acme/a'), simulator.world.add('acme/b')]
  a.addWorkflow('ci.yml')
  a.addWorkflow('ci.yaml')
  b.addWorkflow('ci.yml')
  const { resources } = await importFrom(['acme/a', 'acme/b', 'acme/a'])
  expect(resources.map(({ id }) => id)).toEqual(['Workflow/a-ci', 'Workflow/a-ci-2', 'Workflow/b-ci'])
})

it('imports the rest where one cannot be read, and says why', async () => {
  simulator.world.add('acme/site').addWorkflow('ci.yml')
  const { resources, errors } = await importFrom(['acme/none', 'nonsense', 'acme/site'])
  expect(resources.map(({ id }) => id)).toEqual(['Workflow/ci'])
  expect(errors.map(({ file, code }) => [file, code])).toEqual([
    ['acme/none', 'PermissionMissing'],
    ['nonsense', 'UsageInvalid'],
  ])
})

it('asks nobody without a token', async () => {
  const { resources, errors } = await importFrom(['acme/site'], { GH_TOKEN: '' })
  expect(resources).toEqual([])
  expect(errors).toMatchObject([{ code: 'CredentialsMissing' }])
  expect(simulator.calls).toEqual([])
})
