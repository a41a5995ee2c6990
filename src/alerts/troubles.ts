import type { Severity, Trouble } from '../core/alert.ts'
import type { HoldReason } from '../core/hold.ts'
import { kindOf, nameOf, type ResourceId } from '../core/resource.ts'
import type { FleetHealth, ResourceStatus } from '../core/status.ts'

/** The fleet as it is known at one moment: what alerts are decided on. */
export interface FleetView {
  readonly fleet: string
  readonly environment: string | undefined
  /** Of what is declared and was looked at. */
  readonly statuses: readonly ResourceStatus[]
  readonly labels: ReadonlyMap<ResourceId, Readonly<Record<string, string>>>
  /** How often each resource is set right at most before a person is needed. */
  readonly mostAttempts: ReadonlyMap<ResourceId, number>
  /** Undefined: not everything was looked at yet, or the fleet is down on purpose. */
  readonly health: FleetHealth | undefined
  /** What keeps the controller from its work, one sentence each; holds no secret. */
  readonly controllerErrors: readonly string[]
  /** Epoch milliseconds. */
  readonly now: number
}

/** All that is wrong now: a pure function of what is known, so that a restart comes to the same. */
export function findTroubles(view: FleetView): readonly Trouble[] {
  return [
    ...view.controllerErrors.map(
      (message): Trouble => ({
        type: 'ControllerError',
        id: undefined,
        severity: 'critical',
        message,
        since: view.now,
      }),
    ),
    ...troublesOfHealth(view),
    ...view.statuses.flatMap((status) => troublesOf(status, view.now)),
  ]
}

function troublesOfHealth({ health, statuses, now }: FleetView): readonly Trouble[] {
  if (health?.state !== 'Degraded') return []
  const critical = statuses.filter(
    (status) => status.critical && status.health !== 'Healthy' && status.health !== 'Suspended',
  )
  const score = `${health.score ?? 0} % (target ${health.target} %)`
  const [first] = critical
  const message = first
    ? `the fleet is at ${score}, and ${first.id}, which is critical, is ${first.health}`
    : `the fleet is at ${score}`
  return [{ type: 'HealthBelowTarget', id: undefined, severity: 'critical', message, since: now }]
}

function troublesOf(status: ResourceStatus, now: number): readonly Trouble[] {
  const conditionOf = (type: string) =>
    status.conditions.find((condition) => condition.type === type && condition.status === 'True')
  const held = conditionOf('Held')
  const suspended = conditionOf('Suspended')
  const since = status.conditions.find((condition) => condition.type === 'Healthy')?.since ?? now
  const usual: Severity = status.critical ? 'critical' : 'warning'
  const troubles: Trouble[] = []
  const add = (type: Trouble['type'], severity: Severity, found: Pick<Trouble, 'message' | 'since'>) =>
    troubles.push({ type, id: status.id, severity, message: found.message, since: found.since })
  if (status.health === 'Degraded') add('Degraded', usual, { message: status.message, since })
  if (status.health === 'Missing' && !status.isExcused && !waitsForOthers.has(held?.reason ?? ''))
    add('Missing', usual, { message: status.message, since })
  if (status.health === 'Unknown') add('Unknown', usual, { message: status.message, since })
  if (held?.reason === 'AttemptsExhausted') add('RecoveryExhausted', 'critical', held)
  if (held?.reason === 'Contended') add('Contended', usual, held)
  if (suspended?.reason === 'EndingSoon')
    add('SuspensionEnding', 'info', {
      message: `suspended only ${suspended.message}`,
      since: suspended.since,
    })
  return troubles
}

/** Held for the sake of another, or of a broken file, which is told instead. */
const waitsForOthers: ReadonlySet<string> = new Set<HoldReason>(['DependencyNotReady', 'DependencyBroken'])

/** Troubles that are over only when their resource is well, or its absence a person's wish. */
const untilWell: ReadonlySet<Trouble['type']> = new Set(['Degraded', 'Missing', 'RecoveryExhausted'])
/** Troubles that are over by what is read. */
const untilSeenOtherwise: ReadonlySet<Trouble['type']> = new Set([...untilWell, 'Contended'])

/**
 * Of what was told before, what nobody knows to be over though it is not found now: its resource cannot be read, is on its
 * way, or has vanished. To tell that it is resolved would be a guess.
 */
export function stillOpen(
  told: readonly Trouble[],
  { statuses, mostAttempts }: FleetView,
): readonly Trouble[] {
  if (told.length === 0) return []
  const byId = new Map<Trouble['id'], ResourceStatus>(statuses.map((status) => [status.id, status]))
  return told.flatMap((trouble) => {
    const status = byId.get(trouble.id)
    if (!status) return []
    const { id, health, message, attempts } = status
    // As long as nothing is wanted of it, what has no attempts left is not held for that.
    const isUntried = trouble.type === 'RecoveryExhausted' && attempts < (mostAttempts.get(id) ?? 0)
    const isOpen =
      health === 'Unknown'
        ? untilSeenOtherwise.has(trouble.type)
        : (health === 'Progressing' || health === 'Missing') && untilWell.has(trouble.type) && !isUntried
    return isOpen ? [{ ...trouble, message }] : []
  })
}

/** What makes two troubles the same one, told at different times. */
export function keyOf({ type, id, message }: Trouble): string {
  // Of the controller's own errors only the words tell one from another.
  return type === 'ControllerError' ? `${type} ${message}` : `${type} ${id ?? ''}`
}

/** `Process/api`, or the fleet. */
export function subjectOf({ id }: Trouble): string {
  return id === undefined ? 'the fleet' : id
}

/** What a trouble is about, in parts. */
export function partsOf({ id }: Trouble): { readonly kind: string; readonly name: string } {
  return id === undefined ? { kind: 'Fleet', name: '' } : { kind: kindOf(id), name: nameOf(id) }
}
