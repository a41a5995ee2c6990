import { expect, test } from 'vitest'
import type { Window } from '../../src/core/resource.ts'
import { consultWindows } from '../../src/engine/windows.ts'

const hour = 3_600_000

function windowOf(change: Partial<Window> = {}): Window {
  return { cron: '0 9 * * *', duration: 8 * hour, timezone: 'UTC', allow: true, ...change }
}

const at = (text: string) => Date.parse(text)
const inBerlin = windowOf({ cron: '0 2 * * *', duration: 2 * hour, timezone: 'Europe/Berlin' })
const everyWeekend = windowOf({ cron: '0 0 * * 6', duration: 48 * hour, allow: false })

const cases: readonly {
  readonly title: string
  readonly windows: readonly Window[]
  readonly now: string
  readonly isOpen: boolean
  readonly until?: string
}[] = [
  { title: 'no window: always', windows: [], now: '2026-01-05T03:00:00Z', isOpen: true },
  { title: 'inside the only one', windows: [windowOf()], now: '2026-01-05T12:00:00Z', isOpen: true },
  { title: 'at its first moment', windows: [windowOf()], now: '2026-01-05T09:00:00Z', isOpen: true },
  {
    title: 'at its end it is closed',
    windows: [windowOf()],
    now: '2026-01-05T17:00:00Z',
    isOpen: false,
    until: '2026-01-06T09:00:00Z',
  },
  {
    title: 'just before it',
    windows: [windowOf()],
    now: '2026-01-05T08:59:59Z',
    isOpen: false,
    until: '2026-01-05T09:00:00Z',
  },
  {
    title: 'in the next of two',
    windows: [windowOf(), windowOf({ cron: '0 22 * * *', duration: hour })],
    now: '2026-01-05T22:30:00Z',
    isOpen: true,
  },
  {
    title: 'between two the earlier opening counts',
    windows: [windowOf(), windowOf({ cron: '0 22 * * *', duration: hour })],
    now: '2026-01-05T20:00:00Z',
    isOpen: false,
    until: '2026-01-05T22:00:00Z',
  },
  {
    title: 'a deny window wins over an allow window',
    windows: [windowOf(), windowOf({ cron: '0 12 * * *', duration: hour, allow: false })],
    now: '2026-01-05T12:30:00Z',
    isOpen: false,
    until: '2026-01-05T13:00:00Z',
  },
  {
    title: 'outside the only deny window',
    windows: [everyWeekend],
    now: '2026-01-05T00:00:00Z',
    isOpen: true,
  },
  {
    title: 'on the second day of a long deny window',
    windows: [everyWeekend],
    now: '2026-01-04T23:59:00Z',
    isOpen: false,
    until: '2026-01-05T00:00:00Z',
  },
  { title: 'in the time zone of the window', windows: [inBerlin], now: '2026-01-05T01:30:00Z', isOpen: true },
  {
    title: 'not in UTC',
    windows: [inBerlin],
    now: '2026-01-05T03:30:00Z',
    isOpen: false,
    until: '2026-01-06T01:00:00Z',
  },
  {
    title: 'in summer an hour earlier by UTC',
    windows: [inBerlin],
    now: '2026-07-05T00:30:00Z',
    isOpen: true,
  },
  {
    title: 'on the day whose 02:00 does not exist it opens at 03:00 local time',
    windows: [inBerlin],
    now: '2026-03-29T01:30:00Z',
    isOpen: true,
  },
]

test.each(cases)('$title', ({ windows, now, isOpen, until }) => {
  expect(consultWindows(windows, at(now))).toEqual({ isOpen, until: until === undefined ? until : at(until) })
})
