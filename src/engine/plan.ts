import type { Plan, PlannedResource } from '../core/plan.ts'
import { fingerprint } from './canonical.ts'
import type { Finding } from './finding.ts'
import { type SummaryContext, summarise } from './summarise.ts'
import { reconcilerOf, type World } from './world.ts'

/** The ordered findings as a plan: what is printed, saved and compared. */
export function toPlan(world: World, findings: readonly Finding[], context: SummaryContext): Plan {
  const shown = findings.filter((finding) => !finding.isContext)
  return {
    fleet: world.fleet.name,
    environment: world.fleet.environment,
    observedAt: context.now,
    resources: shown.map((finding) => toPlannedResource(finding, context)),
    fingerprint: fingerprint(shown.map((finding) => essence(world, finding))),
  }
}

function toPlannedResource(finding: Finding, context: SummaryContext): PlannedResource {
  const { status } = summarise(finding, [], context)
  return {
    id: finding.id,
    origin: finding.desired?.origin,
    sync: status.sync,
    health: status.health,
    message: status.message,
    actions: finding.actions,
    holds: finding.holds,
    unknown: finding.unknown,
  }
}

/** What a plan was made from and what it does; without pids, memory or times, which change by themselves. */
function essence(world: World, finding: Finding): unknown {
  return {
    id: finding.id,
    fields: finding.desired ? reconcilerOf(world, finding.desired.kind).fields(finding.desired) : null,
    owned: finding.owned ? { origin: finding.owned.origin, fields: finding.owned.fields } : null,
    stance: finding.stance,
    unknown: finding.unknown?.code,
    holds: finding.holds.map((hold) => hold.reason),
    actions: finding.actions.map(({ type, verb, changes }) => ({ type, verb, changes })),
  }
}
