import type { Basis, Plan, PlannedResource } from '../core/plan.ts'
import type { ResourceId } from '../core/resource.ts'
import { Secret } from '../core/secret.ts'
import { basisOf, fingerprintOf } from './basis.ts'
import type { Finding } from './finding.ts'
import { shownAction } from './shown-action.ts'
import { type SummaryContext, summarise } from './summarise.ts'
import type { World } from './world.ts'

/**
 * The ordered findings as a plan: what is printed, saved and compared. What it rests on is made when it is first asked
 * for: only who saves, compares or prints it for programs needs these hashes.
 */
export function toPlan(
  world: World,
  findings: readonly Finding[],
  context: SummaryContext & Pick<Plan, 'strays' | 'warnings'>,
): Plan {
  const { now, strays, warnings } = context
  const shown = findings.filter((finding) => !finding.isContext)
  let basis: ReadonlyMap<ResourceId, Basis> | undefined
  let fingerprint: string | undefined
  return {
    fleet: world.fleet.name,
    environment: world.fleet.environment,
    observedAt: now,
    resources: shown.map((finding) => toPlannedResource(finding, context)),
    ...(strays && { strays }),
    ...(warnings && { warnings }),
    get basis() {
      basis ??= new Map(shown.map((finding) => [finding.id, basisOf(world, finding)]))
      return basis
    },
    get fingerprint() {
      fingerprint ??= fingerprintOf(this.basis)
      return fingerprint
    },
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
    ...releaseOf(finding),
    unknown: finding.unknown,
  }
}

/** What nobody owned is not let go of either. */
function releaseOf({ stance, owned, assessment }: Finding): Pick<PlannedResource, 'released'> {
  return stance === 'released' && owned ? { released: assessment.message } : {}
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
