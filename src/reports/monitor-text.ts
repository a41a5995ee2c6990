import type { FleetEvent } from '../core/event.ts'
import { type FleetStatus, loweringOf, neverObserved, type ResourceStatus } from '../core/status.ts'
import { ageText, dueText } from './age.ts'
import { type Attendance, controllerText } from './attendance-text.ts'
import { healthPaint, healthSentence } from './health-style.ts'
import { columnWidth, pad, truncate } from './layout.ts'
import { fleetTitle } from './names.ts'
import { sanitise } from './sanitise.ts'
import type { Style } from './style.ts'

/** What a live screen shows. */
export interface MonitorView {
  readonly status: FleetStatus
  readonly attendance: Attendance
  /** A command as it is typed for this fleet, in backquotes. */
  readonly typed: (...args: readonly string[]) => string
  /** What is due next, soonest first. */
  readonly queue: readonly { readonly id: string; readonly at: number; readonly what: string }[]
  /** Newest first. */
  readonly events: readonly FleetEvent[]
}

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly style: Style
  readonly now: number
}

const mostQueued = 4
const mostEvents = 6
/** Head, its rule, the heads of three tables, two blank lines and the foot. */
const fixedLines = 9
const fewestResources = 3

/** One frame: exactly as many lines as there are rows at most, none wider than the screen. */
export function monitorFrame(view: MonitorView, screen: Screen): readonly string[] {
  const { columns, rows, style, now } = screen
  const queued = view.queue.slice(0, mostQueued)
  const room = Math.max(fewestResources, rows - fixedLines - Math.max(1, queued.length) - mostEvents)
  const cut = (text: string) => truncate(text, columns)
  const dueWidth = Math.max(0, ...queued.map(({ at }) => dueText(at, now).length))
  const lines = [
    ...headLines(view, screen),
    style.dim('-'.repeat(columns)),
    ...resourceLines(view.status.resources, { ...screen, room }),
    '',
    style.bold('DUE NEXT'),
    ...(queued.length === 0 ? ['  nothing is known to be due'] : []),
    ...queued.map(({ id, at, what }) =>
      cut(`  ${pad(dueText(at, now), dueWidth)}  ${sanitise(id)}  ${sanitise(what)}`),
    ),
    '',
    style.bold('LAST EVENTS'),
    ...(view.events.length === 0 ? ['  none'] : []),
    ...view.events.slice(0, mostEvents).map((event) => eventLine(event, screen)),
  ]
  return [
    ...lines.slice(0, Math.max(1, rows - 1)),
    style.dim(cut('q or Ctrl-C quits; nothing is changed by looking')),
  ]
}

function headLines(view: MonitorView, { columns, style, now }: Screen): readonly string[] {
  const { status, attendance } = view
  const { isDown, lastPassAt } = attendance
  const title = fleetTitle(status.fleet, status.environment)
  const sentence = healthSentence(status.health, status.resources)
  const isWell = status.health.state === 'Healthy'
  const who = isDown
    ? `The fleet is down; ${view.typed('resume', '--all')} ends it`
    : controllerText(attendance, now)
  const pass = lastPassAt === undefined ? 'no pass yet' : `last pass ${ageText(lastPassAt, now)} ago`
  const paint = isWell ? style.green : style.red
  return [paint(style.bold(truncate(`${title}: ${sentence}`, columns))), truncate(`${who}; ${pass}`, columns)]
}

const gap = '  '

/** What is not well first, in order of weight. */
function resourceLines(
  resources: readonly ResourceStatus[],
  { columns, style, now, room }: Screen & { readonly room: number },
): readonly string[] {
  const lowering = loweringOf(resources)
  const sorted = [...lowering, ...resources.filter((one) => !lowering.includes(one))]
  const isCut = sorted.length > room
  const shown = isCut ? sorted.slice(0, room - 1) : sorted
  const idWidth = columnWidth(['RESOURCE', ...shown.map(({ id }) => sanitise(id))], Math.floor(columns * 0.4))
  const healthWidth = 'Progressing'.length
  const ageWidth = 6
  const rest = Math.max(0, columns - idWidth - healthWidth - ageWidth - 3 * gap.length)
  const line = (cells: readonly string[]) => cells.join(gap)
  const head = [
    pad('RESOURCE', idWidth),
    pad('HEALTH', healthWidth),
    pad('AGE', ageWidth),
    truncate('MESSAGE', rest),
  ]
  return [
    style.bold(line(head)),
    ...shown.map(({ id, health, observedAt, message }) =>
      line([
        pad(truncate(sanitise(id), idWidth), idWidth),
        healthPaint(health, style)(pad(health, healthWidth)),
        pad(truncate(observedAt === neverObserved ? '-' : ageText(observedAt, now), ageWidth), ageWidth),
        truncate(sanitise(message), rest),
      ]),
    ),
    ...(isCut
      ? [truncate(`  ... and ${sorted.length - shown.length} more, all better than these`, columns)]
      : []),
  ]
}

function eventLine(
  { at, type, reason, id, message, count }: FleetEvent,
  { columns, style, now }: Screen,
): string {
  const times = count > 1 ? ` (${count} times)` : ''
  const text = `${sanitise(reason)}  ${id === undefined ? 'the fleet' : sanitise(id)}  ${sanitise(message)}${times}`
  const head = `  ${pad(ageText(at, now), 8)} `
  const paint = type === 'Warning' ? style.yellow : style.dim
  return `${head}${paint(truncate(text, Math.max(0, columns - head.length)))}`
}
