import type { Action, Change } from '../core/action.ts'
import {
  type Plan,
  type PlannedResource,
  type PlanOutcome,
  planOutcome,
  summarisePlan,
} from '../core/plan.ts'
import { counted, fleetTitle } from './names.ts'

/** One glyph an outcome, so that a plan is read without colours too. */
export const planSymbols: Readonly<Record<PlanOutcome, string>> = Object.freeze({
  create: '+',
  update: '~',
  run: '!',
  delete: '-',
  held: '.',
  unknown: '?',
  unchanged: ' ',
})

const phrases: readonly (readonly [PlanOutcome, string])[] = Object.freeze([
  ['create', 'to create'],
  ['update', 'to update'],
  ['run', 'to run'],
  ['delete', 'to delete'],
  ['held', 'held'],
  ['unknown', 'unknown'],
  ['unchanged', 'unchanged'],
])

/** `Plan for fleet acme (production): 12 resources`. */
export function planTitle(plan: Plan): string {
  const title = fleetTitle(plan.fleet, plan.environment)
  return `Plan for fleet ${title}: ${counted(plan.resources.length, 'resource')}`
}

/** `1 to create, 2 held, 6 unchanged.` */
export function planSummaryLine(plan: Plan): string {
  const summary = summarisePlan(plan)
  const parts = phrases.flatMap(([outcome, phrase]) =>
    summary[outcome] > 0 ? [`${summary[outcome]} ${phrase}`] : [],
  )
  if (parts.length === 0) return 'Nothing is declared and nothing is owned.'
  const isIdle = summary.unchanged === plan.resources.length
  return `${isIdle ? 'Nothing to do: ' : ''}${parts.join(', ')}.`
}

/** What a plan prints: all but what is known to stay as it is. In the plan's own order. */
export function listedResources(plan: Plan): readonly PlannedResource[] {
  return plan.resources.filter(
    (resource) =>
      planOutcome(resource) !== 'unchanged' ||
      unreadChanges(resource).length > 0 ||
      resource.released !== undefined,
  )
}

/** Why, where that is not what it does anyway: "no longer declared" needs no "no longer declared" beside it. */
export function reasonBeside({ summary, reason }: Pick<Action, 'summary' | 'reason'>): string {
  return summary.includes(reason) ? '' : reason
}

/** What it does, and why. */
export function actionSentence(action: Pick<Action, 'summary' | 'reason'>): string {
  const reason = reasonBeside(action)
  return reason === '' ? action.summary : `${action.summary} (${reason})`
}

/** What was not read and may differ, as changes of which nothing is known. */
export function unreadChanges({ unread = [] }: PlannedResource): readonly Change[] {
  return unread.map((path) => ({ path, sensitive: true, note: 'not read in a dry run' }))
}

/** How to learn what was not read; undefined: all was. */
export function unreadHint(plan: Plan): string | undefined {
  const isUnread = plan.resources.some((resource) => unreadChanges(resource).length > 0)
  return isUnread ? 'What was not read was not compared; `--run-commands` reads it.' : undefined
}
