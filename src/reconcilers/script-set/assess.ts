import type { Duration } from '../../core/duration.ts'
import type { HealthStatus } from '../../core/health.ts'
import type { Assessment, History } from '../../core/reconciler.ts'
import type { ScriptSetAction } from './action.ts'
import { type Check, checkActions, checksOf, dueAt, resultOf } from './checks/check-plan.ts'
import { hasPassed } from './checks/check-run.ts'
import { childrenOf, type Evidence } from './children.ts'
import { diffScriptSet, type ScriptSetPair } from './diff.ts'
import type { ObservedScripts } from './observed.ts'
import { isCommentKey } from './package-json/comment-key.ts'
import type { DesiredScriptSet } from './place.ts'
import { isUnread, levelOf, type ScriptFinding } from './resolve/finding.ts'
import { reachableFrom } from './resolve/run-graph.ts'

/** How often is looked at a run that another controller began, and how soon again at somebody who may run it for days. */
const followInterval = { check: 2_000, other: 15_000 } as const

const messageNames = 3

type Judged = Assessment<ScriptSetAction>

/** How the scripts are, and which check is due. */
export function assessScriptSet(pair: ScriptSetPair, history: History): Judged {
  const { desired, observed } = pair
  if (!desired || !observed) return missing(desired)
  const isObserved = desired.controls.managementPolicy === 'Observe'
  const checks = checksOf(pair, desired, history.now)
  const counted = countedFindings(desired, observed)
  const kept = isObserved ? [] : textsKeptFrom(pair)
  const verdict = judge(desired, observed, { counted, checks, isObserved, kept })
  const context = { desired, observed, now: history.now }
  const { children, leftOut } = childrenOf(desired, observed, { counted, checks })
  const untold = leftOut === 0 ? '' : `; ${leftOut} more scripts have findings that are not listed`
  return {
    ...verdict,
    message: `${verdict.message}${untold}`,
    remedy: undefined,
    due: isObserved ? [] : checkActions(checks, context),
    recheckAfter: isObserved ? undefined : recheckAfter(checks, history.now),
    isAwaited: verdict.status === 'Progressing',
    measurements: measure(observed, counted, checks),
    children,
    remember: memoryOf(checks),
  }
}

function missing(desired: DesiredScriptSet | undefined): Judged {
  return {
    status: 'Missing',
    reason: 'PackageMissing',
    message: desired ? `${desired.spec.package} does not exist` : 'not declared',
    remedy: undefined,
    recheckAfter: undefined,
    measurements: {},
    children: [],
    remember: undefined,
  }
}

/** Errors that lower health: of all scripts, of what the required ones run, or of none, as `resolve` says. */
function countedFindings(desired: DesiredScriptSet, observed: ObservedScripts): readonly ScriptFinding[] {
  const errors = observed.findings.filter((finding) => levelOf(finding) === 'error')
  const { resolve = 'all', required = [] } = desired.spec
  if (resolve === 'all') return errors
  if (resolve === 'none') return []
  const names = required
    .flatMap((name) => [`pre${name}`, name, `post${name}`])
    .filter((name) => observed.scripts.has(name))
  const reached = reachableFrom(names, observed.graph)
  return errors.filter(({ script }) => reached.has(script))
}

function judge(
  desired: DesiredScriptSet,
  observed: ObservedScripts,
  evidence: Evidence & { readonly isObserved: boolean; readonly kept: readonly string[] },
): { readonly status: HealthStatus; readonly reason: string; readonly message: string } {
  const { counted, checks, isObserved, kept } = evidence
  const absent = (desired.spec.required ?? []).filter((name) => !observed.scripts.has(name))
  const unchecked = checks.filter(({ exists }) => !exists).map(({ script }) => script)
  const { fallbacks = {}, retries = {}, scripts = {} } = desired.spec
  const isGone = (name: string) => !observed.scripts.has(name)
  const noWayOut = Object.values(fallbacks).flat().filter(isGone)
  const unnamed = [...Object.keys(fallbacks), ...Object.keys(retries)].filter(
    (name) => isGone(name) && !Object.hasOwn(scripts, name) && !absent.includes(name),
  )
  const failing = checks.filter(({ last }) => last && !hasPassed(last))
  const faults = [
    absent.length > 0 ? `required and missing: ${listed(absent)}` : '',
    ...failing.map((check) => `the check ${check.script} ${resultOf(check)}`),
    unchecked.length > 0 ? `to be checked and missing: ${listed(unchecked)}` : '',
    noWayOut.length > 0 ? `named as a fallback and missing: ${listed([...new Set(noWayOut)])}` : '',
    unnamed.length > 0 ? `named in fallbacks or retries and missing: ${listed([...new Set(unnamed)])}` : '',
    kept.length > 0 ? `not as declared: ${listed(kept)}` : '',
    unresolved(counted.filter((finding) => !isUnread(finding))),
  ].filter((text) => text !== '')
  const unread = unjudged(counted)
  if (faults.length > 0) {
    const reason =
      absent.length > 0
        ? 'RequiredScriptMissing'
        : failing.length > 0
          ? 'CheckFailed'
          : unchecked.length > 0
            ? 'CheckedScriptMissing'
            : noWayOut.length > 0
              ? 'FallbackMissing'
              : unnamed.length > 0
                ? 'NamedScriptMissing'
                : kept.length > 0
                  ? 'NotRestored'
                  : 'Unresolved'
    const told = unread === '' ? faults : [...faults, unread]
    return { status: 'Degraded', reason, message: told.join('; ') }
  }
  if (unread !== '') return { status: 'Unknown', reason: 'PathUnreadable', message: unread }
  const pending = isObserved ? [] : checks.filter(({ last }) => !last)
  if (pending.length > 0) {
    return {
      status: 'Progressing',
      reason: 'CheckPending',
      message: `not checked yet: ${listed(pending.map(withHolder))}`,
    }
  }
  return { status: 'Healthy', reason: 'Resolved', message: summary(desired, observed, checks) }
}

/** Scripts that are not as declared and that no pass may restore, for a reason that a person must do away with. */
function textsKeptFrom(pair: ScriptSetPair): readonly string[] {
  return diffScriptSet(pair).flatMap((action) =>
    action.type === 'restore' && action.blocked ? [...action.texts.keys()] : [],
  )
}

function withHolder({ script, seen }: Check): string {
  return seen?.other ? `${script} (pid ${seen.other.pid} runs it now)` : script
}

/** What may work or not. */
function unjudged(counted: readonly ScriptFinding[]): string {
  const unread = counted.filter(isUnread)
  const count = new Set(unread.map(({ script }) => script)).size
  const verb = count === 1 ? '1 script cannot be judged' : `${count} scripts cannot be judged`
  return firstOf(unread, verb)
}

function unresolved(counted: readonly ScriptFinding[]): string {
  const count = new Set(counted.map(({ script }) => script)).size
  return firstOf(counted, count === 1 ? '1 script does not resolve' : `${count} scripts do not resolve`)
}

/** A sentence with the first of them, and the names of the others; empty: there is none. */
function firstOf(counted: readonly ScriptFinding[], verb: string): string {
  const scripts = [...new Set(counted.map(({ script }) => script))]
  const [first] = counted
  if (!first) return ''
  const others = scripts.filter((name) => name !== first.script)
  const more = others.length === 0 ? '' : `, and ${others.length} more: ${listed(others)}`
  return `${verb}: ${first.script} (${first.message})${more}`
}

function summary(desired: DesiredScriptSet, observed: ObservedScripts, checks: readonly Check[]): string {
  const { resolve = 'all', required = [] } = desired.spec
  const all = [...observed.scripts.keys()].filter((name) => !isCommentKey(name))
  const count = resolve === 'all' ? all.length : required.length
  const what =
    resolve === 'none'
      ? `${count} required ${count === 1 ? 'script exists' : 'scripts exist'}`
      : `${count} ${resolve === 'all' ? '' : 'required '}${count === 1 ? 'script resolves' : 'scripts resolve'}`
  const warnings = observed.findings.filter((finding) => levelOf(finding) === 'warning').length
  const untold =
    resolve === 'all' ? 0 : observed.findings.filter((finding) => levelOf(finding) === 'error').length
  return [
    what,
    checks.length > 0 ? `${checks.length} ${checks.length === 1 ? 'check passes' : 'checks pass'}` : '',
    untold > 0 ? `${untold} ${untold === 1 ? 'error' : 'errors'} in other scripts` : '',
    warnings > 0 ? `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}` : '',
  ]
    .filter((text) => text !== '')
    .join(', ')
}

function recheckAfter(checks: readonly Check[], now: number): Duration | undefined {
  const waits = checks
    .filter(({ exists }) => exists)
    .map((check) => {
      const { running, other } = check.seen ?? {}
      if (running) return Math.max(0, Math.min(followInterval.check, running.until - now))
      const wait = Math.max(0, dueAt(check, now) - now)
      return other ? Math.max(wait, followInterval.other) : wait
    })
  return waits.length === 0 ? undefined : Math.min(...waits)
}

function measure(
  observed: ObservedScripts,
  counted: readonly ScriptFinding[],
  checks: readonly Check[],
): Readonly<Record<string, number>> {
  const values: Record<string, number> = {
    scripts: observed.scripts.size,
    errors: counted.length,
    warnings: observed.findings.filter((finding) => levelOf(finding) === 'warning').length,
  }
  for (const { script, last } of checks) {
    if (!last) continue
    values[`check.${script}.ms`] = last.duration
    values[`check.${script}.passed`] = hasPassed(last) ? 1 : 0
    if (last.exitCode !== undefined) values[`check.${script}.exitCode`] = last.exitCode
  }
  return values
}

function memoryOf(checks: readonly Check[]): Judged['remember'] {
  const runs = checks.flatMap(({ script, last }) => (last ? [[script, last] as const] : []))
  return runs.length === 0 ? undefined : { checks: Object.fromEntries(runs) }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, messageNames).join(', ')
  return names.length > messageNames ? `${shown} and ${names.length - messageNames} more` : shown
}
