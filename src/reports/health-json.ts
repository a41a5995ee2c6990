import { type FleetStatus, loweringOf } from '../core/status.ts'
import { sanitiseJson } from './sanitise.ts'
import { statusDocument } from './status-json.ts'

/** The score for programs: `lowers` in order of weight, each resource once; `suspended` counts as healthy. */
export function healthDocument(known: FleetStatus) {
  const { health, summary, fleet, environment, observedAt } = statusDocument(known)
  return {
    formatVersion: '1' as const,
    fleet,
    environment,
    observedAt,
    health,
    summary,
    lowers: sanitiseJson(
      loweringOf(known.resources).map(({ id, health: state, critical, message }) => ({
        id,
        health: state as string,
        critical,
        message,
      })),
    ),
    suspended: sanitiseJson(
      known.resources
        .filter(({ health: state }) => state === 'Suspended')
        .map(({ id, message }) => ({ id: id as string, message })),
    ),
  }
}
