import { type FleetStatus, neverObserved, type ResourceStatus } from '../core/status.ts'
import { ageText } from './age.ts'
import { healthPaint, healthSentence } from './health-style.ts'
import { columnWidth, type Page, pad, pageWidth, standBeside, trimLines, truncate, wrap } from './layout.ts'
import { fleetTitle } from './names.ts'
import { sanitise } from './sanitise.ts'
import { strayLines } from './strays.ts'
import { plain, type Style } from './style.ts'

export interface StatusTextOptions extends Page {
  /** Default: no colours. */
  readonly style?: Style
  /** Epoch milliseconds, from which the ages are counted. */
  readonly now: number
}

const heads = ['KIND/NAME', 'SYNC', 'HEALTH', 'AGE', 'ATTEMPTS'] as const
/** Of the columns after the first: what their longest words need; more attempts or years than that are cut. */
const mostWidths = [9, 11, 10, 8] as const
const gap = '  '
const messageIndent = '    '

/** What the store knows of the fleet, as a table; the age is that of the reading. Every line fits the page. */
export function statusText(status: FleetStatus, options: StatusTextOptions): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const title = fleetTitle(status.fleet, status.environment)
  const sentence = `Fleet ${title}: ${healthSentence(status.health, status.whole ?? status.resources)}.`
  const ending = [sentence, ...strayLines(status.strays)].flatMap((line) => wrap(line, width))
  if (status.resources.length === 0) return trimLines(ending)
  return trimLines([...tableLines(status.resources, { style, width, now: options.now }), '', ...ending])
}

function tableLines(
  resources: readonly ResourceStatus[],
  { style, width, now }: { readonly style: Style; readonly width: number; readonly now: number },
): readonly string[] {
  const cells = resources.map((resource) => [
    sanitise(resource.id),
    resource.sync,
    resource.health,
    resource.observedAt === neverObserved ? '-' : ageText(resource.observedAt, now),
    String(resource.attempts),
  ])
  const others = heads
    .slice(1)
    .map((head, index) =>
      columnWidth([head, ...cells.map((row) => row[index + 1] ?? '')], mostWidths[index] ?? 0),
    )
  const taken = others.reduce((sum, column) => sum + column + gap.length, 0)
  const idWidth = Math.min(
    Math.max(8, width - taken),
    columnWidth([heads[0], ...cells.map((row) => row[0] ?? '')], width),
  )
  const columns = [idWidth, ...others]
  const room = width - taken - idWidth - gap.length
  const messages = resources.map((resource) => sanitise(resource.message))
  const isBeside = standBeside(messages, room)

  const header = heads.map((head, index) => pad(truncate(head, columns[index] ?? 0), columns[index] ?? 0))
  return [
    style.bold([...header, ...(isBeside ? ['MESSAGE'] : [])].join(gap)),
    ...resources.flatMap((resource, row) => {
      const texts = (cells[row] ?? []).map((cell, index) =>
        pad(truncate(cell, columns[index] ?? 0), columns[index] ?? 0),
      )
      const painted = texts.map((cell, index) =>
        index === 2 ? healthPaint(resource.health, style)(cell) : cell,
      )
      const line = painted.join(gap)
      const message = messages[row] ?? ''
      if (!isBeside) {
        const below = message === '' ? [] : wrap(message, width - messageIndent.length)
        return [line, ...below.map((part) => `${messageIndent}${part}`)]
      }
      const [first = '', ...rest] = wrap(message, room)
      const indent = ' '.repeat(width - room)
      return [`${line}${gap}${first}`, ...rest.map((part) => `${indent}${part}`)]
    }),
  ]
}
