import { type HealthStatus, healthStatuses } from '../core/health.ts'
import type { FleetHealth, ResourceStatus } from '../core/status.ts'
import type { Paint, Style } from './style.ts'

export function healthPaint(health: HealthStatus, style: Style): Paint {
  switch (health) {
    case 'Healthy':
      return style.green
    case 'Suspended':
      return style.dim
    case 'Progressing':
      return style.cyan
    case 'Unknown':
      return style.yellow
    case 'Missing':
    case 'Degraded':
      return style.red
  }
}

/** How many resources are of each health; every health is there. */
export function countHealth(resources: readonly ResourceStatus[]): Readonly<Record<HealthStatus, number>> {
  const counts = { Healthy: 0, Suspended: 0, Progressing: 0, Missing: 0, Degraded: 0, Unknown: 0 }
  for (const { health } of resources) counts[health] += 1
  return counts
}

/** `Degraded, 75 % (target 80 %); 3 Healthy, 1 Degraded` */
export function healthSentence(health: FleetHealth, resources: readonly ResourceStatus[]): string {
  if (health.score === undefined) return 'nothing is declared'
  const counts = countHealth(resources)
  const parts = healthStatuses.flatMap((status) =>
    counts[status] > 0 ? [`${counts[status]} ${status}`] : [],
  )
  return `${health.state}, ${health.score} % (target ${health.target} %); ${parts.join(', ')}`
}
