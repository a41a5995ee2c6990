import { type FleetStatus, loweringOf, type ResourceStatus } from '../core/status.ts'
import { ageText } from './age.ts'
import { type Attendance, attendanceText } from './attendance-text.ts'
import { healthPaint, healthSentence } from './health-style.ts'
import { columnWidth, type Page, pad, pageWidth, trimLines, truncate, wrap } from './layout.ts'
import { fleetTitle } from './names.ts'
import { sanitise } from './sanitise.ts'
import { plain, type Style } from './style.ts'

const healthWidth = 'Progressing'.length
const indent = '  '

export interface HealthTextOptions extends Page {
  /** Default: no colours. */
  readonly style?: Style
  /** Epoch milliseconds, from which the age of what is known is counted. */
  readonly now: number
  /** A command as it is typed for this fleet, in backquotes. */
  readonly typed: (...args: readonly string[]) => string
  readonly attendance: Attendance
}

/**
 * The score with who looks after it, what lowers it in order of weight, and what is suspended, which does not. What nobody
 * reads anew is told as what it was. Every line fits the page.
 */
export function healthText(status: FleetStatus, options: HealthTextOptions): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const title = fleetTitle(status.fleet, status.environment)
  const { attendance, now, typed } = options
  const sentence = healthSentence(status.health, status.resources)
  const age = status.observedAt === undefined ? undefined : ageText(status.observedAt, now)
  const isStale = attendance.isStale && age !== undefined
  const words =
    status.health.score === undefined
      ? `${title}: ${sentence}.`
      : isStale
        ? `${title}, as it was ${age} ago: ${sentence}.`
        : `${title}: ${sentence} (${age === undefined ? 'never read' : `oldest reading ${age} ago`}).`
  const anew = `Nobody has looked since; ${typed('status', '--refresh')} reads how it is now.`
  const head = wrap(`Fleet ${words}`, width)
  const suspended = status.resources.filter(({ health }) => health === 'Suspended')
  return trimLines([
    ...(isStale ? head.map(style.bold) : head),
    ...(isStale ? wrap(anew, width).map(style.yellow) : []),
    ...attendanceText(attendance, options).trimEnd().split('\n'),
    ...listed('What lowers it:', loweringOf(status.resources), { style, width, text: loweringText }),
    ...listed('Suspended, and counted as healthy:', suspended, { style, width, text: messageText }),
  ])
}

function listed(
  title: string,
  resources: readonly ResourceStatus[],
  options: {
    readonly style: Style
    readonly width: number
    readonly text: (resource: ResourceStatus) => string
  },
): readonly string[] {
  if (resources.length === 0) return []
  const { style, width, text } = options
  const ids = resources.map((resource) => sanitise(resource.id))
  const idWidth = columnWidth(ids, width - indent.length - healthWidth - 2)
  return [
    '',
    title,
    ...resources.flatMap((resource, index) => {
      const id = pad(truncate(ids[index] ?? '', idWidth), idWidth)
      const health = healthPaint(resource.health, style)(pad(resource.health, healthWidth))
      const lines = wrap(text(resource), width - 3 * indent.length)
      return [`${indent}${id}  ${health}`, ...lines.map((line) => `${indent}${indent}${indent}${line}`)]
    }),
  ]
}

function messageText({ message }: ResourceStatus): string {
  return sanitise(message) || 'no message'
}

function loweringText(resource: ResourceStatus): string {
  const text = messageText(resource)
  return resource.critical ? `critical: the fleet is Degraded while it is; ${text}` : text
}
