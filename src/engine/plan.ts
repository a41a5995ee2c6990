import type { Action } from '../core/action.ts'
import type { Plan, PlannedResource } from '../core/plan.ts'
import { shownChange } from '../core/secrecy.ts'
import { Secret } from '../core/secret.ts'
import { fingerprint } from './canonical.ts'
import type { Finding } from './finding.ts'
import { ownedFields } from './owned-fields.ts'
import { type SummaryContext, summarise } from './summarise.ts'
import type { World } from './world.ts'

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
    actions: finding.actions.map(shown),
    holds: finding.holds,
    unread: unreadFields(finding),
    unknown: finding.unknown,
  }
}

/** Without the values of literals that look like secrets, whatever a domain made of them. */
function shown(action: Action): Action {
  const changes = action.changes.map(shownChange)
  return changes.some((change, index) => change !== action.changes[index]) ? { ...action, changes } : action
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

/** What a plan was made from and what it does; without pids, memory or times, which change by themselves. */
function essence(world: World, finding: Finding): unknown {
  return {
    id: finding.id,
    fields: finding.desired ? ownedFields(world, finding.desired) : null,
    owned: finding.owned ? { origin: finding.owned.origin, fields: finding.owned.fields } : null,
    stance: finding.stance,
    unknown: finding.unknown?.code,
    holds: finding.holds.map((hold) => hold.reason),
    actions: finding.actions.map(shown).map(({ type, verb, changes }) => ({ type, verb, changes })),
  }
}
