import { describe, expect, test } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import { buildReport } from '../../../src/reports/report/build-report.ts'
import { reportHtml } from '../../../src/reports/report/report-html.ts'
import { reportMarkdown } from '../../../src/reports/report/report-markdown.ts'
import { reportText } from '../../../src/reports/report/report-text.ts'
import { ansi } from '../../../src/reports/style.ts'
import { shownColours } from '../../support/called.ts'
import { expectPrintable, expectWithin } from '../printed.ts'
import { now } from '../samples.ts'
import { expectValid } from '../schemas.ts'
import { declared, inputOf, sampleReport, seen, surroundingsOf } from './sample-report.ts'

describe.each([80, 200])('on a page of %i columns', (width) => {
  test('it reads as it should, in a pipe and on a terminal', async () => {
    const plain = reportText(sampleReport, { width })
    const coloured = reportText(sampleReport, { width, style: ansi })
    expectPrintable(plain)
    expectWithin(plain, width)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away.
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(plain)
    await expect(plain).toMatchFileSnapshot(`goldens/report-${width}.txt`)
    await expect(shownColours(coloured)).toMatchFileSnapshot(`goldens/report-terminal-${width}.txt`)
  })
})

test('the Markdown, the page and the JSON read as they should', async () => {
  await expect(reportMarkdown(sampleReport)).toMatchFileSnapshot('goldens/report.md')
  await expect(reportHtml(sampleReport)).toMatchFileSnapshot('goldens/report.html')
  expectValid('report', sampleReport)
})

test('each trouble is told once, with those that only wait for it', () => {
  const { recommendations } = sampleReport
  expect(recommendations.map(({ reason, resources }) => `${reason} ${resources.join(' ')}`.trim())).toEqual([
    'ProbeFailed Process/api',
    'ManifestBroken',
    'RestartsMoreOften Process/mailer',
    'MemoryRising Process/worker',
    'Slower Workflow/nightly',
    'Suspended Process/old',
  ])
  expect(recommendations[0]).toMatchObject({
    severity: 'critical',
    holdsUp: ['Process/web'],
    commands: [
      'curl -i http://127.0.0.1:3000/healthz',
      'reconcile logs Process/api -n 50',
      'reconcile --only Process/api',
    ],
  })
})

test('a fleet in which all is well has nothing to do, and an empty one has no score', () => {
  const well = buildReport(inputOf([seen('Process/a'), seen('Process/b')]))
  expect(well.recommendations).toEqual([])
  expect(well.health.score).toBe(100)
  expect(reportText(well, { width: 80 })).toContain('Nothing needs to be done.')
  const empty = buildReport(inputOf([]))
  expect(empty.health.score).toBeNull()
  expect(reportText(empty, { width: 80 })).toContain('nothing is declared')
  for (const report of [well, empty]) expectValid('report', report)
})

test('one cause is one trouble, however many it hits, and however long the chain behind it', () => {
  const names = ['a', 'b', 'c']
  const blind = names.map((name) =>
    seen(`Workflow/${name}`, {
      health: 'Unknown',
      sync: 'Unknown',
      reason: 'CredentialsMissing',
      message: 'no token for GitHub: GITHUB_TOKEN is not set',
    }),
  )
  const chain = ['api', 'web', 'edge'].map((name, index) =>
    seen(`Process/${name}`, {
      health: 'Missing',
      reason: index === 0 ? 'ScriptMissing' : 'DependencyNotReady',
      message: index === 0 ? 'its script /srv/api.mjs does not exist' : 'waits',
      hold: index === 0 ? 'ScriptMissing' : 'DependencyNotReady',
    }),
  )
  const resources = [
    ...names.map((name) => declared(`Workflow/${name}`)),
    declared('Process/api'),
    declared('Process/web', {}, ['Process/api']),
    declared('Process/edge', {}, ['Process/web']),
  ]
  const { recommendations } = buildReport(inputOf([...blind, ...chain], { resources }))
  expect(recommendations).toHaveLength(2)
  expect(recommendations[0]).toMatchObject({
    reason: 'ScriptMissing',
    resources: ['Process/api'],
    holdsUp: ['Process/edge', 'Process/web'],
  })
  expect(recommendations[0]?.cure).toContain('manifests/api.yaml:3')
  expect(recommendations[1]).toMatchObject({
    reason: 'CredentialsMissing',
    resources: names.map((name) => `Workflow/${name}`),
    commands: ['export GITHUB_TOKEN=...', 'reconcile restart', 'reconcile doctor'],
  })
})

test('a fleet that is down needs one thing', () => {
  const statuses = [seen('Process/a', { health: 'Missing', reason: 'FleetDown', hold: 'FleetDown' })]
  const { recommendations } = buildReport(inputOf(statuses, { isDown: true }))
  expect(recommendations).toMatchObject([
    { reason: 'FleetDown', commands: ['reconcile resume --all', 'reconcile'] },
  ])
})

test('old readings without a controller are a trouble of their own', () => {
  const statuses = [seen('Process/a', { observedAt: now - 7_200_000 })]
  const { recommendations } = buildReport(
    inputOf(statuses, { controller: undefined, surroundings: surroundingsOf({ controller: undefined }) }),
  )
  expect(recommendations.map(({ reason }) => reason)).toEqual(['Unattended'])
})

test('a controller that hangs is one, too', () => {
  const controller = { pid: 4711, since: now - 7_200_000, seenAt: now - 60_000 }
  const statuses = [seen('Process/a')]
  const cureOf = (isInBackground: boolean) =>
    buildReport(
      inputOf(statuses, {
        controller,
        surroundings: surroundingsOf({ controller: { pid: 4711, isInBackground } }),
      }),
    ).recommendations.map(({ reason, commands }) => [reason, ...commands])
  expect(cureOf(true)).toEqual([['ControllerHangs', 'reconcile restart']])
  expect(cureOf(false)).toEqual([['ControllerHangs', 'kill -9 4711', 'reconcile watch']])
})

test('what comes from outside becomes neither markup nor control', () => {
  const forged = '<script>alert(1)</script> | \u001b[31m`x` [a](b)'
  const report = buildReport(
    inputOf([seen('Process/a', { health: 'Degraded', reason: 'Errored', message: forged })]),
  )
  expect(reportHtml(report)).not.toContain('<script')
  expect(reportHtml(report)).toContain('&lt;script&gt;')
  expectPrintable(reportMarkdown(report))
  expect(reportMarkdown(report)).not.toMatch(/<script|[^\\]\[a\]/)
})

test('Nothing from outside mentions anybody in Markdown, and nothing becomes a link', () => {
  const words = [
    '@acme/all',
    'https://evil.example/x?a=b|c',
    'www.evil.example',
    'joe@evil.example',
    'acme/site#12',
    '#12',
    'GH-12',
    '`@a`',
    '(see@b)',
  ]
  const message = `look at ${words.join(' and ')}, <img src=x>`
  const [error] = sampleReport.errors
  if (!error) throw new Error('The sample has no error')
  const report = {
    ...sampleReport,
    errors: [{ ...error, message }],
    resources: sampleReport.resources.map((resource) => ({ ...resource, message })),
    recommendations: sampleReport.recommendations.map((one) => ({
      ...one,
      problem: message,
      observed: message,
    })),
    findings: sampleReport.findings.map((finding) => ({ ...finding, message, hint: message })),
  }
  const markdown = reportMarkdown(report)
  expect(markdown).toContain(
    'look at `@acme/all` and `https://evil.example/x?a=b`\\|c and `www.evil.example` and',
  )
  // Without what is code, whatever number of backquotes is around it.
  const rendered = markdown.replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '')
  expect(rendered).not.toMatch(/@|:\/\/|www\.|#\d|GH-\d|<img/)
})

test('Of errors none is left out: what a terminal does not show is counted, and stands in the other formats', () => {
  const events = Array.from({ length: 120 }, (_, n) => ({
    at: now - n * 1000,
    firstAt: now - n * 1000,
    count: 1,
    type: 'Warning' as const,
    reason: 'Degraded',
    id: resourceId('Process', `p${n}`),
    message: 'exit code 1',
  }))
  const report = buildReport(inputOf([seen('Process/a')], { events }))
  expect(report.errors).toHaveLength(120)
  expect(reportText(report, { width: 80 })).toContain('... and 105 more; `-o json` holds all.')
  expect(reportMarkdown(report)).toContain('Process/p119')
  expect(reportHtml(report)).toContain('Process/p119')
})
