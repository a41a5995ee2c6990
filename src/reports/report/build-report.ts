import type { Diagnostic } from '../../core/diagnostic.ts'
import type { FleetEvent } from '../../core/event.ts'
import type { Resource, ResourceId } from '../../core/resource.ts'
import { parseSize } from '../../core/size.ts'
import { type FleetStatus, neverObserved } from '../../core/status.ts'
import { type Attendance, seenDocument } from '../attendance-text.ts'
import { countHealth } from '../health-style.ts'
import { isoTime } from '../names.ts'
import { sanitiseJson } from '../sanitise.ts'
import { findTrends, type Trend } from '../trends/find-trends.ts'
import type { Surroundings } from './command.ts'
import { declaredText } from './declared-text.ts'
import { findingsOf } from './findings.ts'
import { type Measured, performanceOf, seriesOf } from './performance.ts'
import { recommend } from './recommend.ts'
import type { Report } from './report.ts'
import { trendText } from './trend-text.ts'

/** All that a report is made of. */
export interface ReportInput extends Measured {
  readonly status: FleetStatus
  readonly declared: readonly Resource[]
  readonly diagnostics: readonly Diagnostic[]
  /** Newest first. */
  readonly events: readonly FleetEvent[]
  readonly controller: Attendance['controller']
  readonly lost: Attendance['lost']
  readonly isDown: boolean
  readonly now: number
  readonly surroundings: Surroundings
  /** Files of which what they said when they were last valid stands in for them. */
  readonly standIns: ReadonlySet<string>
  /** Names of receivers that could not be told, and why. */
  readonly untold: ReadonlyMap<string, string>
}

/** Makes the report. Pure: the same input gives the same report. */
export function buildReport(input: ReportInput): Report {
  const { status, now } = input
  const declared = new Map(input.declared.map((resource) => [resource.id, resource]))
  const limitOf = (id: ResourceId) => parseSize(declaredText(declared.get(id), 'maxMemory') ?? '')
  const instances = new Map(status.resources.map(({ id, children }) => [id, Math.max(1, children.length)]))
  const trends = new Map<ResourceId, readonly Trend[]>()
  for (const [id, samples] of input.samples) {
    const found = findTrends(samples, { memoryLimit: limitOf(id), instances: instances.get(id) ?? 1 })
    if (found.length > 0) trends.set(id, found)
  }
  const totalLimit = (id: ResourceId) => {
    const limit = limitOf(id)
    return limit === undefined ? undefined : limit * (instances.get(id) ?? 1)
  }
  return sanitiseJson<Report>({
    formatVersion: '1',
    fleet: status.fleet,
    environment: status.environment ?? null,
    madeAt: isoTime(now),
    window: { from: isoTime(input.from), to: isoTime(now) },
    controller: input.controller ? seenDocument(input.controller) : null,
    ...(input.lost && { lostController: seenDocument(input.lost) }),
    isDown: input.isDown,
    observedAt: status.observedAt === undefined ? null : isoTime(status.observedAt),
    health: { ...status.health, score: status.health.score ?? null },
    summary: countHealth(status.resources),
    recommendations: recommend({
      statuses: status.resources,
      declared,
      diagnostics: input.diagnostics,
      trends,
      surroundings: input.surroundings,
      standIns: input.standIns,
      untold: input.untold,
      isDown: input.isDown,
      controller: input.controller,
      observedAt: status.observedAt,
      now,
    }),
    trends: [...trends].flatMap(([id, found]) =>
      found.map((trend) => ({
        id,
        type: trend.type,
        message: trendText(trend, now),
        passesAt: trend.type === 'memory' ? isoTime(trend.passesAt) : null,
        earliest: trend.type === 'memory' ? isoTime(trend.earliest) : null,
        latest: trend.type === 'memory' ? isoTime(trend.latest) : null,
      })),
    ),
    resources: status.resources.map(({ id, sync, health, critical, message, observedAt }) => ({
      id,
      sync,
      health,
      critical,
      message,
      observedAt: observedAt === neverObserved ? null : isoTime(observedAt),
    })),
    performance: performanceOf(input),
    errors: errorsOf(input),
    attempts: status.resources
      .filter(({ attempts }) => attempts > 0)
      .map(({ id, attempts, nextAttemptAt, lastAction }) => ({
        id,
        attempts,
        nextAttemptAt: nextAttemptAt === undefined ? null : isoTime(nextAttemptAt),
        lastAction: lastAction ? `${lastAction.summary}: ${lastAction.outcome}` : null,
      })),
    findings: findingsOf({
      diagnostics: input.diagnostics,
      statuses: status.resources,
      declared,
      surroundings: input.surroundings,
    }),
    series: seriesOf(input, new Set(trends.keys()), totalLimit),
  })
}

/** Warnings of the window; those of one resource and reason together, the newest first. */
function errorsOf({ events, from }: ReportInput): Report['errors'] {
  const warnings = events.filter(({ type, at }) => type === 'Warning' && at >= from)
  const groups = Map.groupBy(warnings, ({ id, reason }) => `${id ?? ''} ${reason}`)
  return [...groups.values()].flatMap((group) => {
    const [newest] = group
    if (!newest) return []
    return [
      {
        reason: newest.reason,
        id: newest.id ?? null,
        count: group.reduce((sum, { count }) => sum + count, 0),
        firstAt: isoTime(Math.min(...group.map(({ firstAt }) => firstAt))),
        lastAt: isoTime(newest.at),
        message: newest.message,
      },
    ]
  })
}
