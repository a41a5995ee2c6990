import { rm } from 'node:fs/promises'
import { afterEach, expect, it } from 'vitest'
import { TestFleet } from '../support/fleet.ts'
import { workflowManifest } from '../support/workflow-manifest.ts'

const jobs = 'jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [{ run: make test }]\n'
let fleet: TestFleet

afterEach(() => fleet.destroy())

it('judges the files of the repository, of manifests and of the command line, with places', async () => {
  fleet = await TestFleet.create({
    '.github/workflows/ci.yml': `true: push\n${jobs}`,
    'sources/sync.yml': `on: { schedule: [{ cron: "0 4 * * *" }] }\n${jobs}`,
    'sources/standby.yml': `on: { schedule: [{ cron: "0 4 * * *" }] }\n${jobs}`,
    'sources/broken.yml': 'on: push\njobs: {}\n',
    'elsewhere/a.yml': 'on: pusch\njobs: {}\n',
    'manifests/sync.yaml': workflowManifest(
      'sync',
      'repository: acme/site\npath: .github/workflows/sync.yml\nsource: ../sources/sync.yml\nfallback: [Workflow/standby]',
    ),
    'manifests/standby.yaml': workflowManifest(
      'standby',
      'repository: acme/site\npath: .github/workflows/standby.yml\nsource: ../sources/standby.yml',
    ),
    'manifests/broken.yaml': workflowManifest(
      'broken',
      'repository: acme/site\npath: .github/workflows/broken.yml\nsource: ../sources/broken.yml',
    ),
  })
  const { status, out } = await fleet.reconcile(['check', '-o', 'json', '--workflow', 'elsewhere/a.yml'])
  expect(status).toBe(1)
  const { diagnostics } = JSON.parse(out) as {
    diagnostics: { code: string; file: string; line: number; message: string }[]
  }
  expect(diagnostics.map(({ code, file, line }) => `${file}:${line} ${code}`).sort()).toEqual([
    '.github/workflows/ci.yml:1 workflow-file-true-key',
    'elsewhere/a.yml:1 workflow-file-invalid',
    'manifests/broken.yaml:7 workflow-file-invalid',
    'sources/standby.yml:1 workflow-file-same-schedule',
  ])
})

it('judges named files where there are no manifests at all', async () => {
  fleet = await TestFleet.create({
    'ci.yml': `on: push\n${jobs}`,
    'bad.yml': `on: { schedule: [{ cron: "0 4 31 2 *" }] }\n${jobs}`,
  })
  await rm(fleet.path('manifests'), { recursive: true })
  expect(await fleet.reconcile(['check', '--workflow', 'ci.yml'])).toMatchObject({ status: 0 })
  const bad = await fleet.reconcile(['check', '--workflow', 'ci.yml', 'bad.yml'])
  expect(bad.status).toBe(1)
  expect(bad.out).toContain('bad.yml:1:26: error workflow-file-cron')
})
