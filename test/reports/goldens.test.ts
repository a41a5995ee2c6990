import { describe, expect, test } from 'vitest'
import type { Attendance } from '../../src/reports/attendance-text.ts'
import { describeText } from '../../src/reports/describe-text.ts'
import { checkDocument } from '../../src/reports/diagnostics-json.ts'
import { checkSummary, diagnosticsText } from '../../src/reports/diagnostics-text.ts'
import { eventsText } from '../../src/reports/events-text.ts'
import { healthText } from '../../src/reports/health-text.ts'
import { planDocument } from '../../src/reports/plan-json.ts'
import { planMarkdown } from '../../src/reports/plan-markdown.ts'
import { planText } from '../../src/reports/plan-text.ts'
import { statusDocument } from '../../src/reports/status-json.ts'
import { statusText } from '../../src/reports/status-text.ts'
import { ansi } from '../../src/reports/style.ts'
import { yamlText } from '../../src/reports/yaml-text.ts'
import { expectPrintable, expectWithin } from './printed.ts'
import {
  attendance,
  bareDescription,
  description,
  diagnostics,
  emptyFleet,
  events,
  fleet,
  idlePlan,
  now,
  plan,
  typed,
  workingDirectory,
} from './samples.ts'
import { expectValid } from './schemas.ts'

/** Its machine went down three days ago. */
const cutOff: Attendance = {
  ...attendance,
  controller: undefined,
  lost: { pid: 4711, since: now - 900_000_000, seenAt: now - 259_200_000 },
  lastPassAt: now - 259_205_000,
  nextPassAt: undefined,
  isStale: true,
}

/** Goldens are read by people: look at the difference before you take it over. */
function golden(name: string): string {
  return `./goldens/${name}`
}

describe.each([80, 200])('on a page of %i columns', (width) => {
  test.each<[string, string]>([
    ['plan', planText(plan, { width, isDryRun: true })],
    ['status', statusText(fleet, { width, now })],
    ['health', healthText(fleet, { width, now, typed, attendance })],
    ['health-stale', healthText(fleet, { width, now, typed, attendance: cutOff })],
    ['events', eventsText(events, { width, now })],
    ['describe', describeText(description, { width, now, workingDirectory })],
    [
      'diagnostics',
      `${diagnosticsText(diagnostics, { width, workingDirectory })}\n${checkSummary(diagnostics, 12)}`,
    ],
  ])('the %s reads as it should', async (name, text) => {
    expectPrintable(text)
    // The line with the place is one line however long it is: editors make a link of it.
    expectWithin(text.replace(/^\S+:\d+:\d+: .*$/gm, ''), width)
    await expect(text).toMatchFileSnapshot(golden(`${name}-${width}.txt`))
  })
})

test('the comment on a pull request reads as it should', async () => {
  await expect(planMarkdown(plan, { isDryRun: true })).toMatchFileSnapshot(golden('plan.md'))
})

test('a plan as YAML and JSON reads as it should', async () => {
  const document = planDocument(plan, { workingDirectory, api: { github: { needed: 3, remaining: 4_990 } } })
  expectValid('plan', document)
  await expect(yamlText(document)).toMatchFileSnapshot(golden('plan.yaml'))
})

test('a status as JSON reads as it should', async () => {
  const document = statusDocument(fleet)
  expectValid('status', document)
  await expect(`${JSON.stringify(document, undefined, 2)}\n`).toMatchFileSnapshot(golden('status.json'))
})

test('what check found, as JSON, reads as it should', async () => {
  const document = checkDocument(diagnostics, { resources: 12, workingDirectory })
  expectValid('check', document)
  await expect(`${JSON.stringify(document, undefined, 2)}\n`).toMatchFileSnapshot(golden('check.json'))
})

test('a plan that changes nothing says so in one line', () => {
  expect(planText(idlePlan, { width: 80, isDryRun: false })).toBe(
    'Plan for fleet acme: 2 resources\n\nNothing to do: 2 unchanged.\n',
  )
  expect(planText({ ...idlePlan, resources: [] }, { width: 80, isDryRun: true })).toBe(
    'Plan for fleet acme: 0 resources\n\nNothing is declared and nothing is owned.\nDry run: nothing was changed.\n',
  )
})

test('an empty fleet is not called healthy', () => {
  expect(statusText(emptyFleet, { width: 80, now })).toBe('Fleet acme: nothing is declared.\n')
  expect(healthText(emptyFleet, { width: 80, now, typed, attendance })).toMatch(
    /^Fleet acme: nothing is declared.\n/,
  )
  expectValid('status', statusDocument(emptyFleet))
})

test('a resource of which little is known is described by what is missing', () => {
  expect(describeText(bareDescription, { width: 80, now, workingDirectory })).toBe(
    [
      'Resource:      Process/gone',
      'Declared in:   not declared any more',
      'Owned:         no',
      'Status:        never looked at',
      '',
      'Events:',
      '  Nothing has happened yet.',
      '',
    ].join('\n'),
  )
})

test('no secret of a spec is described', () => {
  expect(describeText(description, { width: 80, now, workingDirectory })).not.toContain('c4n4ry')
})

test.each([
  [[], 12, '12 resources are valid.\n'],
  // Receivers, policies or workflow files alone.
  [[], 0, 'Nothing is wrong.\n'],
  [diagnostics.slice(1, 2), 0, 'No error, 1 warning.\n'],
  [[], 1, '1 resource is valid.\n'],
  [diagnostics.slice(1, 2), 3, '3 resources are valid, 1 warning.\n'],
  [diagnostics, 12, '3 errors, 1 warning.\n'],
])('a check is summed up (%#)', (found, resources, expected) => {
  expect(checkSummary(found, resources)).toBe(expected)
})

test('colours are there only when asked for', () => {
  expect(statusText(fleet, { width: 80, now, style: ansi })).toContain('\u001b[31mDegraded')
  expect(planText(plan, { width: 80, isDryRun: false, style: ansi })).toContain('\u001b[31m- ')
})

test('a comment of a plan too large for GitHub is cut, and its deletions stay', () => {
  const noise = Array.from({ length: 3_000 }, (_, index) => ({
    ...(plan.resources[1] ?? idlePlan.resources[0]),
    id: `Process/noise-${index}` as (typeof plan.resources)[number]['id'],
  }))
  const large = { ...plan, resources: [...noise, ...plan.resources] as typeof plan.resources }
  const text = planMarkdown(large, { isDryRun: true })
  expect(text.length).toBeLessThanOrEqual(60_000)
  expect(text).toContain('`Process/old-worker` delete')
  expect(text).toMatch(/\.\.\. \d+ more lines/)
  expect(text.trimEnd().endsWith('</details>')).toBe(true)
})
