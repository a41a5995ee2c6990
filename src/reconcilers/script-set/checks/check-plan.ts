import { dirname } from 'node:path'
import { type Duration, formatDuration, parseDuration } from '../../../core/duration.ts'
import { isFields } from '../../../core/fields.ts'
import type { CheckAction, EndCheckAction } from '../action.ts'
import type { ScriptSetPair } from '../diff.ts'
import type { ObservedScripts, SeenCheck } from '../observed.ts'
import { type DesiredScriptSet, packagePathOf } from '../place.ts'
import { type CheckRun, runOf } from './check-run.ts'

/** DESIGN.md gives none: as long as a pipeline's step may take before somebody looks. */
const defaultTimeout: Duration = 300_000

/** What a run may take longer than its limit: both signals, and the writing of its result. */
const endingTime: Duration = 15_000

/** One declared check, with what is known of its runs. */
export interface Check {
  readonly script: string
  readonly every: Duration
  readonly limit: Duration
  /** The last run that says something. */
  readonly last: CheckRun | undefined
  readonly seen: SeenCheck | undefined
  readonly exists: boolean
}

/** The declared checks in their order. Where the record of a run is lost, the inventory's memory speaks. */
export function checksOf(pair: ScriptSetPair, desired: DesiredScriptSet, now: number): readonly Check[] {
  const memory = isFields(pair.owned?.memory.checks) ? pair.owned.memory.checks : {}
  return Object.entries(desired.spec.checks ?? {}).map(([script, { every, timeout }]) => {
    const seen = pair.observed?.checks.get(script)
    const remembered = runOf(memory[script])
    return {
      script,
      every: parseDuration(every) ?? 0,
      limit: parseDuration(timeout ?? '') ?? defaultTimeout,
      last: newer(seen?.last, remembered, now),
      seen,
      exists: pair.observed?.scripts.has(script) ?? false,
    }
  })
}

/** One that ended ahead of now was before the clock was set back, and so before any that did not. */
function newer(a: CheckRun | undefined, b: CheckRun | undefined, now: number): CheckRun | undefined {
  if (!a || !b) return a ?? b
  if (a.endedAt > now !== b.endedAt > now) return a.endedAt > now ? b : a
  return b.endedAt > a.endedAt ? b : a
}

/** When a check is to be run, epoch milliseconds. A clock that was set back makes it due, never overdue for days. */
export function dueAt({ last, every }: Check, now: number): number {
  return !last || last.endedAt > now ? now : last.endedAt + every
}

/** What is to be done about the checks now: what is stuck is ended, and what is due is run, the longest overdue first. */
export function checkActions(
  checks: readonly Check[],
  context: { readonly desired: DesiredScriptSet; readonly observed: ObservedScripts; readonly now: number },
): readonly (CheckAction | EndCheckAction)[] {
  const { desired, now } = context
  const stuck = checks.flatMap(({ script, seen }) =>
    seen?.running && now > seen.running.until ? [endCheck(desired, script, seen.running)] : [],
  )
  const due = checks
    .filter((check) => check.exists && !check.seen?.running && !check.seen?.other && dueAt(check, now) <= now)
    .sort((a, b) => dueAt(a, now) - dueAt(b, now))
  return [...stuck, ...due.map((check) => runCheck(desired, check))]
}

function runCheck(desired: DesiredScriptSet, check: Check): CheckAction {
  const { script, limit, every, last } = check
  return {
    type: 'check',
    verb: 'run',
    summary: `npm run ${script}, for at most ${formatDuration(limit)}`,
    reason: !last ? 'it was never checked' : `due every ${formatDuration(every)}`,
    changes: [],
    // A second one is never begun beside a first one, and a run that was cut off says nothing.
    repeatable: true,
    removes: 0,
    isRecovery: false,
    isRoutine: true,
    timeLimit: limit + endingTime,
    resource: desired.name,
    script,
    folder: dirname(packagePathOf(desired)),
    limit,
    after: last?.endedAt ?? 0,
  }
}

function endCheck(desired: DesiredScriptSet, script: string, begun: EndCheckAction['begun']): EndCheckAction {
  return {
    type: 'end-check',
    verb: 'run',
    summary: `end npm run ${script} (pid ${begun.pid})`,
    reason: 'it is past its time limit, and whoever began it is gone',
    changes: [],
    repeatable: true,
    removes: 0,
    isRecovery: false,
    isRoutine: true,
    resource: desired.name,
    script,
    begun,
  }
}

/** How the last run of a check ended, for people. */
export function resultOf({ last, limit }: Check): string {
  if (!last) return 'has not run yet'
  const took = formatDuration(last.duration)
  if (last.end === 'timed-out') return `did not end within ${formatDuration(limit)} and was ended`
  if (last.end === 'interrupted') return 'was interrupted'
  if (last.signal !== undefined) return `was ended by ${last.signal} after ${took}`
  const left = last.hasLeftBehind ? ', and left processes behind that were ended' : ''
  return last.exitCode === 0
    ? `passed in ${took}${left}`
    : `failed with exit code ${last.exitCode} after ${took}${left}`
}
