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

it('compares files of one repository, and names the other one as it is seen from here', async () => {
  const cancels = `on: push\nconcurrency: { group: deploy, cancel-in-progress: true }\n${jobs}`
  const workflow = (repository: string, name: string) =>
    workflowManifest(
      `${name}-of-${repository.replace('acme/', '')}`,
      `repository: ${repository}\npath: .github/workflows/${name}.yml\nsource: ../sources/${name}.yml`,
    )
  fleet = await TestFleet.create({
    '.git/config':
      '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@github.com:Acme/Ops.git\n\tfetch = x\n',
    '.github/workflows/own.yml': cancels,
    '.github/workflows/old.yml': cancels,
    'sources/a.yml': cancels,
    'sources/b.yml': cancels,
    'sources/old.yml': `on: push\n${jobs}`,
    'manifests/1.yaml': workflow('acme/site', 'a'),
    'manifests/2.yaml': workflow('acme/other', 'b'),
    'manifests/3.yaml': workflow('acme/ops', 'old'),
  })
  const found = async () => {
    const { out } = await fleet.reconcile(['check', '-o', 'json'])
    const { diagnostics } = JSON.parse(out) as { diagnostics: { file: string; message: string }[] }
    return diagnostics.map(({ file, message }) => `${file}: ${message}`)
  }
  expect(await found()).toEqual([])
  await fleet.write('manifests/4.yaml', workflow('acme/site', 'b'))
  await fleet.write('manifests/5.yaml', workflow('acme/ops', 'a'))
  expect(await found()).toEqual([
    expect.stringMatching(/^sources\/a.yml: .* also that of .github\/workflows\/own.yml, with/),
    expect.stringMatching(/^sources\/b.yml: .* also that of sources\/a.yml, with/),
  ])
})
