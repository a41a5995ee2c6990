import type { HealthStatus } from '../core/health.ts'
import { type FleetStatus, neverObserved, type ResourceStatus } from '../core/status.ts'
import { countHealth } from './health-style.ts'
import { isoTime } from './names.ts'
import { sanitise, sanitiseJson } from './sanitise.ts'
import { type StrayDocument, strayDocuments } from './strays.ts'

/** The fleet's status as other programs read it; `schemas/status.schema.json` describes every field. */
export interface StatusDocument {
  readonly formatVersion: '1'
  readonly fleet: string
  readonly environment: string | null
  readonly observedAt: string | null
  readonly health: { readonly score: number | null; readonly target: number; readonly state: string }
  readonly summary: Readonly<Record<HealthStatus, number>>
  readonly resources: readonly StatusResourceDocument[]
  /** Left out where there is none. */
  readonly strays?: readonly StrayDocument[]
}

export interface StatusResourceDocument {
  readonly id: string
  readonly sync: string
  readonly health: string
  readonly message: string
  /** Null: never looked at. */
  readonly observedAt: string | null
  readonly attempts: number
  readonly nextAttemptAt: string | null
  readonly lastAction: {
    readonly type: string
    readonly summary: string
    readonly at: string
    readonly outcome: string
    readonly message: string | null
  } | null
  readonly conditions: readonly {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
    readonly since: string
  }[]
  readonly children: readonly {
    readonly name: string
    readonly health: string
    readonly message: string
    readonly details: Readonly<Record<string, string | number | boolean>>
  }[]
}

export function statusDocument(status: FleetStatus): StatusDocument {
  const { fleet, environment, observedAt, health, resources } = status
  return sanitiseJson<StatusDocument>({
    formatVersion: '1',
    fleet,
    environment: environment ?? null,
    observedAt: timeOrNull(observedAt),
    health: { score: health.score ?? null, target: health.target, state: health.state },
    summary: countHealth(resources),
    resources: resources.map(resourceDocument),
    ...strayDocuments(status.strays),
  })
}

/** One resource by the documented shape. */
export function resourceDocument(resource: ResourceStatus): StatusResourceDocument {
  const { id, sync, health, message, observedAt, attempts, nextAttemptAt, lastAction } = resource
  return {
    // One line, whatever a thing outside is named.
    id: sanitise(id),
    sync,
    health,
    message,
    observedAt: observedAt === neverObserved ? null : isoTime(observedAt),
    attempts,
    nextAttemptAt: timeOrNull(nextAttemptAt),
    lastAction: lastAction
      ? {
          type: lastAction.type,
          summary: lastAction.summary,
          at: isoTime(lastAction.at),
          outcome: lastAction.outcome,
          message: lastAction.message ?? null,
        }
      : null,
    conditions: resource.conditions.map(({ type, status, reason, message: text, since }) => ({
      type,
      status,
      reason,
      message: text,
      since: isoTime(since),
    })),
    children: resource.children.map(({ name, health: own, message: text, details }) => ({
      name,
      health: own,
      message: text,
      details,
    })),
  }
}

function timeOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : isoTime(epochMs)
}
