import type { FleetEvent } from '../core/event.ts'
import { ageText } from './age.ts'
import { columnWidth, type Page, pad, pageWidth, standBeside, trimLines, truncate, wrap } from './layout.ts'
import { sanitise } from './sanitise.ts'
import { plain, type Style } from './style.ts'

export interface EventsTextOptions extends Page {
  /** Default: no colours. */
  readonly style?: Style
  /** Epoch milliseconds, from which the ages are counted. */
  readonly now: number
}

const heads = ['AGE', 'TYPE', 'REASON', 'ABOUT'] as const
/** An age and a type are short by themselves. */
const mostWidths = [10, 7, 24] as const
const gap = '  '
const messageIndent = '    '

/** What happened, in the order given, with how often it did in a row. Every line fits the page. */
export function eventsText(events: readonly FleetEvent[], options: EventsTextOptions): string {
  if (events.length === 0) return 'Nothing has happened yet.\n'
  const style = options.style ?? plain
  const width = pageWidth(options)
  const rows = events.map((event) => [
    ageText(event.at, options.now),
    event.type,
    sanitise(event.reason),
    event.id === undefined ? 'the fleet' : sanitise(event.id),
  ])
  const [age = 0, type = 0, reason = 0, wanted = 0] = heads.map((head, index) =>
    columnWidth([head, ...rows.map((row) => row[index] ?? '')], mostWidths[index] ?? width),
  )
  const fixed = age + type + reason + 3 * gap.length
  const about = Math.min(wanted, Math.max(8, width - fixed))
  const columns = [age, type, reason, about]
  const room = width - fixed - about - gap.length
  const isBeside = standBeside(events.map(messageOf), room)
  const line = (cells: readonly string[]) =>
    cells.map((cell, index) => pad(truncate(cell, columns[index] ?? 0), columns[index] ?? 0))
  return trimLines([
    style.bold([...line(heads), ...(isBeside ? ['MESSAGE'] : [])].join(gap)),
    ...events.flatMap((event, index) => {
      const cells = line(rows[index] ?? [])
      const paint = event.type === 'Warning' ? style.yellow : style.dim
      const painted = cells.map((cell, column) => (column === 1 ? paint(cell) : cell)).join(gap)
      const message = messageOf(event)
      if (!isBeside) {
        const below = wrap(message, width - messageIndent.length)
        return [painted, ...below.map((part) => `${messageIndent}${part}`)]
      }
      const [first = '', ...rest] = wrap(message, room)
      return [`${painted}${gap}${first}`, ...rest.map((part) => `${' '.repeat(width - room)}${part}`)]
    }),
  ])
}

function messageOf(event: FleetEvent): string {
  const message = sanitise(event.message)
  if (event.count === 1) return message
  return `${message} (${event.count} times within ${ageText(event.firstAt, event.at)})`
}
