import type { Plan, PlannedResource } from '../core/plan.ts'
import { Secret } from '../core/secret.ts'
import { basisOf, fingerprintOf } from './basis.ts'
import type { Finding } from './finding.ts'
import { shownAction } from './shown-action.ts'
import { type SummaryContext, summarise } from './summarise.ts'
import type { World } from './world.ts'

/** The ordered findings as a plan: what is printed, saved and compared. */
export function toPlan(world: World, findings: readonly Finding[], context: SummaryContext): Plan {
  const shown = findings.filter((finding) => !finding.isContext)
  const basis = new Map(shown.map((finding) => [finding.id, basisOf(world, finding)]))
  return {
    fleet: world.fleet.name,
    environment: world.fleet.environment,
    observedAt: context.now,
    resources: shown.map((finding) => toPlannedResource(finding, context)),
    basis,
    fingerprint: fingerprintOf(basis),
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
    actions: finding.actions.map(shownAction),
    holds: finding.holds,
    unread: unreadFields(finding),
    unknown: finding.unknown,
  }
}

/** What could differ and was not looked at. What is made anew differs in everything, and needs no such list. */
function unreadFields({ desired, reading, actions, unknown }: Finding): readonly string[] {
  if (!desired || unknown || reading.type !== 'present') return []
  const told = new Set(actions.flatMap(({ changes }) => changes.map(({ path }) => path)))
  return unreadPaths(desired.spec).filter(
    (path) => !told.has(path) && !isIgnored(path, desired.controls.ignore),
  )
}

/** Whether the field, or one that holds it, is named by a JSON Pointer of `ignore`. */
function isIgnored(path: string, ignore: readonly string[]): boolean {
  const pointer = `/${path.replaceAll('.', '/')}`
  return ignore.some((ignored) => pointer === ignored || pointer.startsWith(`${ignored}/`))
}

/** Dotted paths of secrets that were not read, which a dry run does where a command would have to be run. */
function unreadPaths(value: unknown, path: readonly string[] = []): readonly string[] {
  if (value instanceof Secret) return value.isRead ? [] : [path.join('.')]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => unreadPaths(child, [...path, key]))
}
