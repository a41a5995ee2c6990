import { describe, expect, test } from 'vitest'
import { type Attendance, attendanceDocument, attendanceText } from '../../src/reports/attendance-text.ts'
import { type MonitorView, monitorFrame } from '../../src/reports/monitor-text.ts'
import { ansi, plain } from '../../src/reports/style.ts'
import { shownColours } from '../support/called.ts'
import { expectPrintable, expectWithin } from './printed.ts'
import { attendance, emptyFleet, events, fleet, now } from './samples.ts'

const typed = (...args: readonly string[]) => `\`reconcile ${args.join(' ')} --env production\``
const view: MonitorView = {
  typed,
  status: fleet,
  attendance,
  queue: [
    { id: 'Process/api', at: now + 4_000, what: 'attempt 4' },
    { id: 'Process/db', at: now + 18_000, what: 'is read again' },
  ],
  events: events.toReversed(),
}

describe.each([
  [80, 24],
  [200, 50],
])('on a screen of %i columns and %i rows', (columns, rows) => {
  test('the frame reads as it should and fits', async () => {
    const bare = monitorFrame(view, { columns, rows, style: plain, now })
    expect(bare.length).toBeLessThanOrEqual(rows)
    expectWithin(bare.join('\n'), columns)
    expectPrintable(bare.join('\n'))
    const coloured = monitorFrame(view, { columns, rows, style: ansi, now })
    await expect(`${bare.join('\n')}\n`).toMatchFileSnapshot(`goldens/monitor-${columns}.txt`)
    await expect(shownColours(`${coloured.join('\n')}\n`)).toMatchFileSnapshot(
      `goldens/monitor-terminal-${columns}.txt`,
    )
  })
})

test('the frame of a fleet in trouble shows what is not well first, and how much more there is', () => {
  const many = Array.from({ length: 100 }, (_, index) => ({
    ...(fleet.resources[0] as (typeof fleet.resources)[number]),
    id: `Process/p-${index}` as (typeof fleet.resources)[number]['id'],
    health: index === 70 ? ('Degraded' as const) : ('Healthy' as const),
  }))
  const frame = monitorFrame(
    { ...view, status: { ...fleet, resources: many } },
    { columns: 80, rows: 24, style: plain, now },
  )
  expect(frame.length).toBeLessThanOrEqual(24)
  expect(frame.find((line) => line.startsWith('Process/'))).toContain('Process/p-70')
  expect(frame.join('\n')).toMatch(/and \d+ more/)
})

test('an empty fleet and a small screen are shown as well', () => {
  const none = { ...attendance, controller: undefined }
  const empty: MonitorView = { ...view, status: emptyFleet, attendance: none, queue: [], events: [] }
  const frame = monitorFrame(empty, { columns: 60, rows: 8, style: plain, now })
  expect(frame.length).toBeLessThanOrEqual(8)
  expectWithin(frame.join('\n'), 60)
})

test('whether a controller lives is told for people and programs', () => {
  expect(attendanceText(attendance, { width: 200, now, typed })).toBe(
    'The controller (pid 4711) has run for 2h; last pass 12s ago, next in 18s.\n',
  )
  expect(attendanceDocument(attendance)).toEqual({
    isDown: false,
    isStale: false,
    lastPassAt: '2026-03-01T11:59:48.000Z',
    controller: {
      pid: 4711,
      since: '2026-03-01T10:00:00.000Z',
      seenAt: '2026-03-01T11:59:57.000Z',
      lastPassAt: '2026-03-01T11:59:48.000Z',
      nextPassAt: '2026-03-01T12:00:18.000Z',
    },
  })
  const dead: Attendance = {
    ...attendance,
    controller: undefined,
    isDown: true,
    lastPassAt: undefined,
    nextPassAt: undefined,
  }
  expect(attendanceText(dead, { width: 200, now, typed })).toBe(
    'No controller is running; no pass yet. `reconcile start --env production` keeps one running.\nThe fleet is down; `reconcile resume --all --env production` ends it.\n',
  )
  expect(attendanceDocument(dead)).toEqual({
    isDown: true,
    isStale: false,
    lastPassAt: null,
    controller: null,
  })
})

test('a controller that hangs, or was cut off, is told as that', () => {
  const seen = { pid: 4711, since: now - 7_200_000, seenAt: now - 59_000 }
  const hung: Attendance = { ...attendance, controller: seen, nextPassAt: undefined, isStale: true }
  expect(attendanceText(hung, { width: 200, now, typed })).toBe(
    'The controller (pid 4711) hangs: no sign of life for 59s; last pass 12s ago. `reconcile restart --env production` puts another in its place.\n',
  )
  const lost: Attendance = { ...hung, controller: undefined, lost: seen }
  expect(attendanceText(lost, { width: 200, now, typed })).toBe(
    'No controller is running: the last one (pid 4711) was cut off 59s ago; last pass 12s ago. `reconcile start --env production` keeps one running.\n',
  )
  expect(attendanceDocument(lost)).toMatchObject({
    isStale: true,
    controller: null,
    lostController: { pid: 4711, seenAt: '2026-03-01T11:59:01.000Z' },
  })
})
