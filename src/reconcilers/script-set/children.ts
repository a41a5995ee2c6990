import { formatDuration } from '../../core/duration.ts'
import type { HealthStatus } from '../../core/health.ts'
import type { ChildStatus } from '../../core/status.ts'
import { type Check, resultOf } from './checks/check-plan.ts'
import { hasPassed } from './checks/check-run.ts'
import type { ObservedScripts } from './observed.ts'
import type { DesiredScriptSet } from './place.ts'
import { isUnread, levelOf, type ScriptFinding } from './resolve/finding.ts'

/** Most children that are kept in the state: a package of thousands of odd scripts must not make it grow. */
const mostChildren = 500

/** What the health of a set rests on. */
export interface Evidence {
  /** Findings that lower it. */
  readonly counted: readonly ScriptFinding[]
  readonly checks: readonly Check[]
}

/**
 * A child for each script that something is to be said of: what is required, declared or checked, or has findings.
 * `leftOut`: how many more there are.
 */
export function childrenOf(
  desired: DesiredScriptSet,
  observed: ObservedScripts,
  { counted, checks }: Evidence,
): { readonly children: readonly ChildStatus[]; readonly leftOut: number } {
  const { required = [], scripts = {} } = desired.spec
  const checkOf = new Map(checks.map((check) => [check.script, check]))
  const findingsOf = Map.groupBy(observed.findings, ({ script }) => script)
  const lowering = new Set(counted.map(({ script }) => script))
  const names = new Set([...required, ...Object.keys(scripts), ...checkOf.keys(), ...findingsOf.keys()])
  const children = [...names].map((name): ChildStatus => {
    const findings = findingsOf.get(name) ?? []
    const check = checkOf.get(name)
    const isThere = observed.scripts.has(name)
    const level = worst(findings)
    const messages = [
      ...(isThere || findings.length > 0 ? [] : ['does not exist']),
      ...(check && isThere ? [`the check ${resultOf(check)}`] : []),
      ...findings.map((finding) => `${levelOf(finding)}: ${finding.message}`),
    ]
    return {
      name,
      health: healthOf({ isThere, level, check, isUnread: isOnlyUnread(findings) }),
      message: messages.length === 0 ? 'resolves' : messages.join('; '),
      details: {
        ...(level !== undefined && {
          level,
          findings: [...new Set(findings.map(({ code }) => code))].join(', '),
        }),
        ...(required.includes(name) && { required: true }),
        ...(level === 'error' && { lowersHealth: lowering.has(name) }),
        ...checkDetails(check),
      },
    }
  })
  if (children.length <= mostChildren) return { children: children.sort(byGravity), leftOut: 0 }
  // What the manifest names is never what is left out.
  const named = new Set([...required, ...checkOf.keys(), ...Object.keys(scripts)])
  const rank = ({ name }: ChildStatus) => (named.has(name) ? 0 : 1)
  const kept = children.sort((a, b) => rank(a) - rank(b) || byGravity(a, b)).slice(0, mostChildren)
  return { children: kept.sort(byGravity), leftOut: children.length - kept.length }
}

function checkDetails(check: Check | undefined): ChildStatus['details'] {
  if (!check?.last) return {}
  const { last, every } = check
  return {
    every: formatDuration(every),
    lastRun: new Date(last.endedAt).toISOString(),
    durationMs: last.duration,
    ...(last.exitCode !== undefined && { exitCode: last.exitCode }),
  }
}

function healthOf(child: {
  readonly isThere: boolean
  readonly level: ReturnType<typeof worst>
  readonly check: Check | undefined
  readonly isUnread: boolean
}): HealthStatus {
  if (!child.isThere) return 'Missing'
  if (child.level === 'error') return child.isUnread ? 'Unknown' : 'Degraded'
  if (!child.check) return 'Healthy'
  if (!child.check.last) return 'Progressing'
  return hasPassed(child.check.last) ? 'Healthy' : 'Degraded'
}

/** Whether nothing but what could not be looked at speaks against it. */
function isOnlyUnread(findings: readonly ScriptFinding[]): boolean {
  return findings.every((finding) => levelOf(finding) !== 'error' || isUnread(finding))
}

function worst(findings: readonly ScriptFinding[]): 'error' | 'warning' | 'note' | undefined {
  const levels = findings.map(levelOf)
  return (['error', 'warning', 'note'] as const).find((level) => levels.includes(level))
}

const gravity: Readonly<Record<string, number>> = Object.freeze({
  Missing: 0,
  Degraded: 1,
  Unknown: 2,
  Progressing: 3,
  Healthy: 4,
})
const levelGravity: Readonly<Record<string, number>> = Object.freeze({ error: 0, warning: 1, note: 2 })

/** What needs a person first; then by name, in code units. */
function byGravity(a: ChildStatus, b: ChildStatus): number {
  const health = (gravity[a.health] ?? 9) - (gravity[b.health] ?? 9)
  if (health !== 0) return health
  const level = (levelGravity[String(a.details.level)] ?? 9) - (levelGravity[String(b.details.level)] ?? 9)
  return level !== 0 ? level : a.name < b.name ? -1 : 1
}
