import { type FleetStatus, loweringOf, type ResourceStatus } from '../core/status.ts'
import { ageText } from './age.ts'
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
}

/** The score, what lowers it in order of weight, and what is suspended, which does not. Every line fits the page. */
export function healthText(status: FleetStatus, options: HealthTextOptions): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const title = fleetTitle(status.fleet, status.environment)
  const age = status.observedAt === undefined ? 'never read' : ageOf(status.observedAt, options.now)
  const isEmpty = status.health.score === undefined
  const known = isEmpty ? '' : ` (${age})`
  const head = wrap(`Fleet ${title}: ${healthSentence(status.health, status.resources)}${known}.`, width)
  const suspended = status.resources.filter(({ health }) => health === 'Suspended')
  return trimLines([
    ...head,
    ...listed('What lowers it:', loweringOf(status.resources), { style, width, text: loweringText }),
    ...listed('Suspended, and counted as healthy:', suspended, { style, width, text: messageText }),
  ])
}

function ageOf(observedAt: number, now: number): string {
  return `oldest reading ${ageText(observedAt, now)} ago`
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
