import type { Window } from '../../src/core/resource.ts'

const minute = 60_000
const hour = 60 * minute
/** Runs begin at 25 minutes past an hour. */
const beginning = '25 * * * *'
const eachMinute = '* * * * *'

function window(cron: string, duration: number, allow: boolean): Window {
  return { cron, duration, timezone: 'UTC', allow }
}

/** What people declare of when something may be done: of all shapes that the rules can judge. */
export const schedules: readonly (readonly Window[])[] = [
  [window(beginning, 40_000, false)],
  [window(beginning, 6_000, true)],
  [window(eachMinute, 10_000, true)],
  // The one that denies wins: from the 15th to the 30th second of each minute.
  [window(eachMinute, 30_000, true), window(eachMinute, 15_000, false)],
]

function isRunning({ cron, duration }: Window, wall: number): boolean {
  return cron === eachMinute ? wall % minute < duration : (wall - 25 * minute) % hour < duration
}

function isOpen(windows: readonly Window[], wall: number): boolean {
  if (windows.some((one) => !one.allow && isRunning(one, wall))) return false
  const allowing = windows.filter(({ allow }) => allow)
  return allowing.length === 0 || allowing.some((one) => isRunning(one, wall))
}

/** Whether nothing may be done at `wall` and nothing might be for `span` before it; told by other means than the engine's. */
export function wasClosedFor(span: number, windows: readonly Window[], wall: number): boolean {
  for (let at = wall - span; at < wall; at += 1_000) if (isOpen(windows, at)) return false
  return !isOpen(windows, wall)
}

/** Whether it may be hours until something may be done. */
export function mayStayClosed(windows: readonly Window[]): boolean {
  return windows.some(({ cron }) => cron === beginning)
}
