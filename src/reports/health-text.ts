import type { FleetStatus, ResourceStatus } from '../core/status.ts'
import { healthPaint, healthSentence } from './health-style.ts'
import { columnWidth, type Page, pad, pageWidth, trimLines, truncate, wrap } from './layout.ts'
import { fleetTitle } from './names.ts'
import { sanitise } from './sanitise.ts'
import { plain, type Style } from './style.ts'

const healthWidth = 'Progressing'.length
const indent = '  '

/** The score, and each resource that lowers it, the critical ones first. Every line fits the page. */
export function healthText(status: FleetStatus, options: Page & { readonly style?: Style }): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const title = fleetTitle(status.fleet, status.environment)
  const head = wrap(`Fleet ${title}: ${healthSentence(status.health, status.resources)}.`, width)
  const lowering = status.resources
    .filter(({ health }) => health !== 'Healthy' && health !== 'Suspended')
    .toSorted((a, b) => Number(b.critical) - Number(a.critical))
  if (lowering.length === 0) return trimLines(head)
  const ids = lowering.map((resource) => sanitise(resource.id))
  const idWidth = columnWidth(ids, width - indent.length - healthWidth - 2)
  return trimLines([
    ...head,
    '',
    'What lowers it:',
    ...lowering.flatMap((resource, index) => {
      const id = pad(truncate(ids[index] ?? '', idWidth), idWidth)
      const health = healthPaint(resource.health, style)(pad(resource.health, healthWidth))
      const text = wrap(loweringText(resource), width - 3 * indent.length)
      return [`${indent}${id}  ${health}`, ...text.map((line) => `${indent}${indent}${indent}${line}`)]
    }),
  ])
}

function loweringText({ critical, message }: ResourceStatus): string {
  const text = sanitise(message) || 'no message'
  return critical ? `critical: the fleet is Degraded while it is; ${text}` : text
}
