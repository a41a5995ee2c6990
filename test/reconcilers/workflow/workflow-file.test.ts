import { describe, expect, it } from 'vitest'
import { compareWorkflowFiles, readWorkflowFile } from '../../../src/reconcilers/workflow/workflow-file.ts'

const jobs = 'jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [{ run: make test }]\n'

/** As a workflow writes it. */
const expression = (text: string) => `\${{ ${text} }}`

async function faultsOf(text: string): Promise<readonly string[]> {
  const { faults } = await readWorkflowFile('ci.yml', text)
  return faults.map(({ code, line, column, message }) => `${line}:${column} ${code} ${message}`)
}

describe('a workflow file', () => {
  it.each([
    ['a push', `on: push\n${jobs}`],
    [
      'a schedule and a manual start',
      `on:\n  schedule: [{ cron: "0 4 * * *" }]\n  workflow_dispatch:\n${jobs}`,
    ],
    ['a quoted on', `"on": push\n${jobs}`],
    [
      'a matrix, needs, permissions and a reusable workflow',
      [
        'on: { push: { branches: [main] } }',
        'permissions: { contents: read }',
        'jobs:',
        `  a: { runs-on: "${expression('matrix.os')}", strategy: { matrix: { os: [ubuntu-latest] } }, steps: [{ uses: actions/checkout@v4 }] }`,
        '  b: { needs: a, uses: acme/shared/.github/workflows/deploy.yml@v1, secrets: inherit }',
      ].join('\n'),
    ],
  ])('is accepted with %s', async (_, text) => {
    expect(await faultsOf(text)).toEqual([])
  })

  it.each([
    ['broken YAML', 'on: push\njobs: [\n', /^3:1 workflow-file-invalid /],
    ['an unknown key', `on: push\nnam: x\n${jobs}`, /^2:1 workflow-file-invalid .*'nam'/],
    ['an unknown event', `on: pusch\n${jobs}`, /^1:5 workflow-file-invalid .*'pusch'/],
    ['no trigger', jobs, /^1:1 workflow-file-invalid .*on/],
    [
      'a step that does nothing',
      `on: push\njobs: { a: { runs-on: x, steps: [{ name: y }] } }\n`,
      /^2:\d+ workflow-file-invalid /,
    ],
    [
      'a job that needs none that exists',
      `on: push\n${jobs}    needs: nobody\n`,
      /^3:3 workflow-file-invalid .*no dependencies/,
    ],
    [
      'an unclosed expression',
      `on: push\n${jobs}    if: "\${{ github.ref "\n`,
      /^\d:\d+ workflow-file-invalid .*not closed/,
    ],
    ['an on that became true', `true: push\n${jobs}`, /^1:1 workflow-file-true-key /],
    [
      'a cron of six fields',
      `on: { schedule: [{ cron: "0 0 4 * * *" }] }\n${jobs}`,
      /^1:\d+ workflow-file-cron /,
    ],
    ['a cron of words', `on: { schedule: [{ cron: "daily" }] }\n${jobs}`, /^1:\d+ workflow-file-cron /],
    ['an hour 25', `on:\n  schedule:\n    - cron: "0 25 * * *"\n${jobs}`, /^3:\d+ workflow-file-cron /],
    [
      'the 31st of February',
      `on:\n  schedule:\n    - cron: "0 4 31 2 *"\n${jobs}`,
      /^3:13 workflow-file-cron .*no such day/,
    ],
    ['nothing in it', '\n', /^1:1 workflow-file-invalid .*empty/],
  ])('is refused with %s, at its place', async (_, text, expected) => {
    const faults = await faultsOf(text)
    expect(faults[0]).toMatch(expected)
  })

  it('is judged whatever it holds, without an exception', async () => {
    for (const text of ['null', '[]', '42', '"text"', 'on: {}\njobs: {}', '? [a]\n: b', '&a [*a]', 'a: *b']) {
      expect((await faultsOf(text)).length).toBeGreaterThan(0)
    }
  })
})

describe('workflow files together', () => {
  /** Files by `repository: path`, or of one repository by their path. */
  async function compare(
    files: Readonly<Record<string, string>>,
    backups: readonly (readonly [string, string])[] = [],
  ) {
    const read = await Promise.all(
      Object.entries(files).map(async ([path, text]) => {
        const [place = '', repository = 'acme/site'] = path.split(': ').reverse()
        return { path, shown: path, repository, place, file: await readWorkflowFile(path, text) }
      }),
    )
    return compareWorkflowFiles(read, backups).map(({ code, path, line }) => `${path}:${line} ${code}`)
  }
  const nightly = (cron: string) => `on:\n  schedule:\n    - cron: "${cron}"\n${jobs}`
  const grouped = (rest: string) => `on: push\nconcurrency: ${rest}\n${jobs}`

  it('tell of a backup by name on the schedule of its primary', async () => {
    expect(
      await compare({ 'sync.yml': nightly('0 4 * * *'), 'sync-backup.yml': nightly('0  4 * * *') }),
    ).toEqual(['sync-backup.yml:3 workflow-file-same-schedule'])
    expect(
      await compare({ 'sync.yml': nightly('0 4 * * *'), 'sync-backup.yml': nightly('30 4 * * *') }),
    ).toEqual([])
    expect(await compare({ 'sync.yml': nightly('0 4 * * *'), 'other.yml': nightly('0 4 * * *') })).toEqual([])
  })

  it('tell of a backup that a manifest declares, once', async () => {
    const files = { 'a.yml': nightly('0 4 * * *'), 'b.yml': nightly('0 4 * * *') }
    expect(
      await compare(files, [
        ['a.yml', 'b.yml'],
        ['a.yml', 'b.yml'],
      ]),
    ).toEqual(['b.yml:3 workflow-file-same-schedule'])
  })

  it.each([
    ['0 4 * * *', '00 04 * * *', true],
    ['0 4 * * 1-5', '0 4 * * mon,TUE,3-5', true],
    ['0 4 * * 0', '0 4 * * 7', true],
    ['0 4 * jan *', '0 4 * 1 *', true],
    ['*/15 * * * *', '0,15,30,45 * * * *', true],
    ['5/20 4 * * *', '5,25,45 4 * * *', true],
    ['0 4 * * *', '0 4 1-31 * *', false],
    ['0 4 * * *', '0 4 * * 1', false],
    ['0 4 * * *', '1 4 * * *', false],
  ])('take %s and %s for one schedule: %s %s', async (one, other, isSame) => {
    const found = await compare({ 'a.yml': nightly(one), 'a-backup.yml': nightly(other) })
    expect(found).toEqual(isSame ? ['a-backup.yml:3 workflow-file-same-schedule'] : [])
  })

  it('are of one repository, but for a backup that a manifest declares', async () => {
    const cancels = grouped('{ group: deploy, cancel-in-progress: true }')
    expect(await compare({ 'acme/a: x.yml': cancels, 'acme/b: y.yml': cancels })).toEqual([])
    const same = { 'acme/a: x.yml': nightly('0 4 * * *'), 'acme/b: x-backup.yml': nightly('0 4 * * *') }
    expect(await compare(same)).toEqual([])
    expect(await compare(same, [['acme/a: x.yml', 'acme/b: x-backup.yml']])).toEqual([
      'acme/b: x-backup.yml:3 workflow-file-same-schedule',
    ])
  })

  it('tell of a concurrency group of a job', async () => {
    const job = (rest: string) => `on: push\n${jobs}    concurrency: ${rest}\n`
    const cancels = job('{ group: deploy, cancel-in-progress: true }')
    expect(await compare({ 'a.yml': cancels, 'b.yml': grouped('deploy') })).toEqual([
      'b.yml:2 workflow-file-same-concurrency',
    ])
    expect(await compare({ 'a.yml': job('deploy'), 'b.yml': cancels })).toEqual([
      'b.yml:6 workflow-file-same-concurrency',
    ])
    expect(await compare({ 'a.yml': job('deploy'), 'b.yml': job('deploy') })).toEqual([])
  })

  it('tell of one concurrency group that cancels', async () => {
    const cancels = grouped('{ group: deploy, cancel-in-progress: true }')
    expect(await compare({ 'a.yml': cancels, 'b.yml': grouped('deploy') })).toEqual([
      'b.yml:2 workflow-file-same-concurrency',
    ])
    expect(await compare({ 'a.yml': grouped('deploy'), 'b.yml': grouped('deploy') })).toEqual([])
    const own = grouped(`{ group: "${expression('github.workflow')}", cancel-in-progress: true }`)
    expect(await compare({ 'a.yml': own, 'b.yml': own })).toEqual([])
  })
})
