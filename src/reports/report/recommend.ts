import { type Diagnostic, isError } from '../../core/diagnostic.ts'
import type { Duration } from '../../core/duration.ts'
import { compareIds, kindOf, type Resource, type ResourceId } from '../../core/resource.ts'
import type { ResourceStatus } from '../../core/status.ts'
import { loweringOf } from '../../core/status.ts'
import type { SeenController } from '../attendance-text.ts'
import { counted, displayPath } from '../names.ts'
import type { Trend } from '../trends/find-trends.ts'
import type { Ailment, Cure } from './ailment.ts'
import { commandText, reconcile, type Surroundings } from './command.ts'
import { isTelling, prescribe } from './cures.ts'
import type { Recommendation, Severity } from './report.ts'
import { cureOfTrend, trendText } from './trend-text.ts'
import { unattended } from './unattended.ts'

/** On its way for longer than this it probably is not. */
const longWay: Duration = 600_000

export interface Observations {
  readonly statuses: readonly ResourceStatus[]
  readonly declared: ReadonlyMap<ResourceId, Resource>
  readonly diagnostics: readonly Diagnostic[]
  readonly trends: ReadonlyMap<ResourceId, readonly Trend[]>
  readonly surroundings: Surroundings
  /** Files of which what they said when they were last valid stands in for them. */
  readonly standIns: ReadonlySet<string>
  /** Receivers that could not be told, and why. */
  readonly untold: ReadonlyMap<string, string>
  readonly isDown: boolean
  readonly controller: SeenController | undefined
  readonly observedAt: number | undefined
  readonly now: number
}

/** Why the whole domain cannot be read: one trouble, however many resources it hits. */
const sharedReasons: ReadonlySet<string> = new Set([
  'CredentialsMissing',
  'CredentialsRefused',
  'PermissionMissing',
  'RateLimited',
  'RemoteUnavailable',
  'RemoteAnswerInvalid',
  'DaemonUnresponsive',
  'DaemonCallFailed',
  'DaemonUnsupported',
  'DeletionLimit',
  'DomainRefuses',
  'ManifestsIncomplete',
  'NeverLookedAt',
  'NotLookedAt',
])

/** Held for these a resource is in trouble, however healthy it looks. */
const troublingHolds: ReadonlySet<string> = new Set([
  'Contended',
  'NotOurs',
  'Conflict',
  'DeletionLimit',
  'DomainRefuses',
  'AttemptsExhausted',
  'ManifestsIncomplete',
  'UnconfirmedOutcome',
  'NotAllowed',
  'PolicyDenied',
  'FunctionNotBundled',
  'RolloutStuck',
])

/**
 * Every trouble once, the heaviest first: what has one cause is one trouble, and what only waits for another is told
 * with that. All of it comes from what was observed; where nothing is wrong there is nothing to recommend.
 */
export function recommend(seen: Observations): readonly Recommendation[] {
  if (seen.isDown) return [downOf(seen)]
  const troubled = troubledOf(seen)
  const waiting = waitersByRoot(seen)
  const roots = troubled.filter((status) => !isWaiting(status))
  const groups = Map.groupBy(roots, (status) => {
    const reason = reasonOf(status)
    return sharedReasons.has(reason) ? `${kindOf(status.id)} ${reason}` : status.id
  })
  const told = [...groups.values()].map((group) => recommendationOf(group, waiting, seen))
  return [
    ...brokenFiles(seen),
    ...told,
    ...[...seen.trends]
      .toSorted(([a], [b]) => compareIds(a, b))
      .flatMap(([id, trends]) =>
        // What is broken already needs no warning that it will break.
        troubled.some((status) => status.id === id)
          ? []
          : trends.map((trend) => trendRecommendation(id, trend, seen)),
      ),
    ...unattended(seen),
    ...untoldReceivers(seen),
    ...suspended(seen),
  ].toSorted((a, b) => weight[b.severity] - weight[a.severity])
}

const weight: Readonly<Record<Severity, number>> = Object.freeze({ critical: 2, warning: 1, info: 0 })

/** In order of weight. */
function troubledOf({ statuses, now }: Observations): readonly ResourceStatus[] {
  const held = statuses.filter((status) => troublingHolds.has(holdOf(status) ?? ''))
  const lowering = loweringOf(statuses).filter(
    (status) => status.health !== 'Progressing' || isLongOnItsWay(status, now),
  )
  return [...lowering, ...held.filter((status) => !lowering.includes(status) && !isSuspended(status))]
}

function isSuspended({ health }: ResourceStatus): boolean {
  return health === 'Suspended'
}

function isLongOnItsWay({ conditions }: ResourceStatus, now: number): boolean {
  const since = conditions.find(({ type }) => type === 'Healthy')?.since
  return since !== undefined && now - since > longWay
}

function holdOf({ conditions }: ResourceStatus): string | undefined {
  const held = conditions.find(({ type }) => type === 'Held')
  return held?.status === 'True' ? held.reason : undefined
}

/**
 * The hold, where it is one that says what is wrong, else what is said of its health. What is known to be wrong of
 * what is tried again, or no more, says more than the hold does.
 */
function reasonOf(status: ResourceStatus): string {
  const hold = holdOf(status)
  const cause = status.conditions.find(({ type }) => type === 'Healthy')?.reason
  const isPaced = hold === 'AttemptsExhausted' || hold === 'BackOff'
  if (isPaced && cause !== undefined && isTelling(kindOf(status.id), cause) && !startable.has(cause))
    return cause
  return hold !== undefined && troublingHolds.has(hold) ? hold : status.reason
}

/** That a pass starts it is no cure where passes have tried. */
const startable: ReadonlySet<string> = new Set(['NotRunning', 'Stopped', 'InstancesMissing'])

function isWaiting(status: ResourceStatus): boolean {
  const hold = holdOf(status)
  return hold === 'DependencyNotReady' || hold === 'DependencyBroken'
}

/** Who waits, in the end, for each resource: over all steps of a chain. */
function waitersByRoot({ statuses, declared }: Observations): ReadonlyMap<ResourceId, readonly ResourceId[]> {
  const waiting = new Set(statuses.filter(isWaiting).map(({ id }) => id))
  const found = new Map<ResourceId, ResourceId[]>()
  for (const id of waiting) {
    const open = [...(declared.get(id)?.controls.dependsOn ?? [])]
    const passed = new Set<ResourceId>()
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (passed.has(next)) continue
      passed.add(next)
      found.set(next, [...(found.get(next) ?? []), id])
      if (waiting.has(next)) open.push(...(declared.get(next)?.controls.dependsOn ?? []))
    }
  }
  return found
}

function recommendationOf(
  group: readonly ResourceStatus[],
  waiting: ReadonlyMap<ResourceId, readonly ResourceId[]>,
  seen: Observations,
): Recommendation {
  const [first] = group
  if (!first) throw new TypeError('A group has at least one member')
  const reason = reasonOf(first)
  const ids = group.map(({ id }) => id)
  const { surroundings } = seen
  const resource = seen.declared.get(first.id)
  const ailment: Ailment = { id: first.id, status: first, resource, surroundings }
  const cure = reason === 'DeletionLimit' ? cureOfDeletions(ids) : prescribe(ailment, reason)
  const holdsUp = [...new Set(ids.flatMap((id) => waiting.get(id) ?? []))].sort(compareIds)
  return {
    severity: group.some(({ critical }) => critical) ? 'critical' : 'warning',
    reason,
    resources: ids,
    holdsUp,
    ...written(cure, surroundings),
    observed: first.message,
  }
}

/** A cure with its commands as they are typed here. */
function written({ problem, cure, commands }: Cure, surroundings: Surroundings) {
  return { problem, cure, commands: commands.map((command) => commandText(command, surroundings)) }
}

function cureOfDeletions(ids: readonly ResourceId[]): Cure {
  return {
    problem: `${counted(ids.length, 'deletion')} ${ids.length === 1 ? 'is' : 'are'} held over the limit`,
    cure: 'If their manifests went on purpose, allow it once; if not, bring the manifests back.',
    commands: [reconcile('plan'), reconcile('--allow-deletions', String(ids.length))],
  }
}

/** Each file that could not be read is one trouble, and holds up who depends on what it declared. */
function brokenFiles(seen: Observations): readonly Recommendation[] {
  const errors = seen.diagnostics.filter(isError)
  const byFile = Map.groupBy(errors, ({ position }) => position.file)
  const waiting = seen.statuses
    .filter((status) => holdOf(status) === 'DependencyBroken')
    .map(({ id }) => id)
    .sort(compareIds)
  return [...byFile].map(([file, faults], index) => {
    const path = displayPath(file, seen.surroundings.workingDirectory)
    const [first] = faults
    return {
      severity: 'warning' as const,
      reason: 'ManifestBroken',
      resources: [],
      holdsUp: index === 0 ? waiting : [],
      problem: `${path} has ${counted(faults.length, 'error')}`,
      observed: first ? `${path}:${first.position.line}: ${first.message}` : '',
      cure: seen.standIns.has(file)
        ? 'What it declared last still holds; mend it, and the next pass takes it over.'
        : 'Nothing stands in for it, so what it declares is not looked at; mend it, and the next pass takes it over.',
      commands: [commandText(reconcile('check'), seen.surroundings)],
    }
  })
}

function trendRecommendation(id: ResourceId, trend: Trend, seen: Observations): Recommendation {
  return {
    severity: 'warning',
    reason: { memory: 'MemoryRising', restarts: 'RestartsMoreOften', slower: 'Slower', flakier: 'Flakier' }[
      trend.type
    ],
    resources: [id],
    holdsUp: [],
    observed: trendText(trend, seen.now),
    ...written(
      cureOfTrend(id, trend, { resource: seen.declared.get(id), surroundings: seen.surroundings }),
      seen.surroundings,
    ),
  }
}

/** Who is not told of trouble does not come to help. */
function untoldReceivers({ untold, surroundings }: Observations): readonly Recommendation[] {
  return [...untold].map(([name, observed]) => {
    const id = `Receiver/${name}`
    return {
      severity: 'warning',
      reason: 'ReceiverUnreachable',
      resources: [],
      holdsUp: [],
      problem: `${id} cannot be told of trouble`,
      observed,
      cure: 'Mend its address or its secret where the passes are made, and try it; what it was not told is told then.',
      commands: [reconcile('alert', 'test', id), reconcile('events', id)].map((each) =>
        commandText(each, surroundings),
      ),
    }
  })
}

function suspended({ statuses, surroundings }: Observations): readonly Recommendation[] {
  return statuses.filter(isSuspended).map((status) => ({
    severity: 'info',
    reason: 'Suspended',
    resources: [status.id],
    holdsUp: [],
    problem: `${status.id} is left alone on purpose`,
    observed: status.message,
    cure: 'It counts as healthy and nothing is corrected on it. When that is over, resume it.',
    commands: [commandText(reconcile('resume', status.id), surroundings)],
  }))
}

function downOf({ statuses, surroundings }: Observations): Recommendation {
  return {
    severity: 'critical',
    reason: 'FleetDown',
    resources: [],
    holdsUp: [],
    problem: 'the fleet was taken down',
    observed: `${counted(statuses.length, 'resource')} ${statuses.length === 1 ? 'is' : 'are'} known, and nothing is started`,
    cure: 'When it is to run again, end that.',
    commands: [reconcile('resume', '--all'), reconcile()].map((each) => commandText(each, surroundings)),
  }
}
