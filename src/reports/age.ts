import { formatDuration } from '../core/duration.ts'

/** How long ago, in at most two units: `12s`, `3m 5s`; `0s` for what was just now or, by another clock, later. */
export function ageText(at: number, now: number): string {
  const elapsed = now - at
  return elapsed < 1000 ? '0s' : formatDuration(elapsed)
}

/** `in 20s`, or `now` for what is due. */
export function dueText(at: number, now: number): string {
  return at - now < 1000 ? 'now' : `in ${formatDuration(at - now)}`
}
