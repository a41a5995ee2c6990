import { Cron } from 'croner'
import { formatDuration } from '../core/duration.ts'
import type { Hold } from '../core/hold.ts'
import type { Resource, Window } from '../core/resource.ts'

/** Whether actions may be taken now, and if not, when that may change. A deny window always wins. */
export function consultWindows(
  windows: readonly Window[],
  now: number,
): { readonly isOpen: boolean; readonly until: number | undefined } {
  const denying = windows.filter((window) => !window.allow)
  for (const window of denying) {
    const end = endOfRunning(window, now)
    if (end !== undefined) return { isOpen: false, until: end }
  }
  const allowing = windows.filter((window) => window.allow)
  if (allowing.length === 0) return { isOpen: true, until: undefined }
  if (allowing.some((window) => endOfRunning(window, now) !== undefined))
    return { isOpen: true, until: undefined }
  const starts = allowing
    .map((window) => cronOf(window).nextRun(new Date(now))?.getTime())
    .filter((start) => start !== undefined)
  return { isOpen: false, until: starts.length > 0 ? Math.min(...starts) : undefined }
}

/** What keeps a resource from being acted on outside its windows. */
export function holdOnWindows(resource: Resource, now: number): Hold | undefined {
  if (resource.controls.windows.length === 0) return undefined
  const { isOpen, until } = consultWindows(resource.controls.windows, now)
  if (isOpen) return undefined
  const when = until === undefined ? '' : `, opens in ${formatDuration(until - now)}`
  return { reason: 'OutsideWindow', message: `outside its window${when}`, until }
}

/** When the window that is open now ends; undefined: it is not open. */
function endOfRunning(window: Window, now: number): number | undefined {
  const start = cronOf(window).nextRun(new Date(now - window.duration))
  if (!start || start.getTime() > now) return undefined
  return start.getTime() + window.duration
}

/** Parsed once for each declaration: a window is asked at every pass. */
const parsed = new WeakMap<Window, Cron>()

function cronOf(window: Window): Cron {
  const known = parsed.get(window)
  if (known) return known
  const cron = new Cron(window.cron, { timezone: window.timezone, paused: true })
  parsed.set(window, cron)
  return cron
}
