import { type Plan, type PlannedResource, type PlanOutcome, planOutcome } from '../core/plan.ts'
import { changeLines } from './change-text.ts'
import { truncate } from './layout.ts'
import { bounded, code, folded } from './markdown.ts'
import { counted, fleetTitle } from './names.ts'
import {
  actionSentence,
  listedResources,
  planSummaryLine,
  unreadChanges,
  unreadHint,
} from './plan-summary.ts'
import { warningLines } from './policy-warnings.ts'
import { sanitise } from './sanitise.ts'
import { strayLines } from './strays.ts'

/** GitHub refuses a comment of more than 65,536 characters; a frame around ours must still fit. */
const mostCharacters = 60_000
/** The list and the details share the room, so that neither can push the other out. */
const mostListed = 25_000
const mostItem = 300
const detailWidth = 120

/** What a domain calls an action that interrupts what runs, if only for a moment. */
const interrupting: ReadonlySet<string> = new Set(['restart', 'reload', 'recreate', 'kick'])

type Heading = PlanOutcome | 'restart' | 'released'

/** What can hurt comes first: it is what a reviewer must see even when the rest is folded or cut. */
const groups: readonly { readonly title: string; readonly heading: Heading }[] = Object.freeze([
  { title: 'Deletes', heading: 'delete' },
  { title: 'Restarts', heading: 'restart' },
  { title: 'Updates', heading: 'update' },
  { title: 'Runs', heading: 'run' },
  { title: 'Creates', heading: 'create' },
  { title: 'Held', heading: 'held' },
  { title: 'Unknown', heading: 'unknown' },
  { title: 'Let go', heading: 'released' },
  { title: 'Not compared', heading: 'unchanged' },
])

function headingOf(resource: PlannedResource): Heading {
  if (resource.released !== undefined) return 'released'
  const outcome = planOutcome(resource)
  const isChange = outcome === 'update' || outcome === 'run'
  return isChange && resource.actions.some(({ type }) => interrupting.has(type)) ? 'restart' : outcome
}

/**
 * A plan as a comment of a pull request: at most 60,000 characters. Whatever comes from a manifest stands in code
 * spans, where it can neither mention anybody nor be taken for HTML or links.
 */
export function planMarkdown(plan: Plan, options: { readonly isDryRun: boolean }): string {
  const title = `### Plan for fleet ${code(fleetTitle(plan.fleet, plan.environment))}: ${counted(plan.resources.length, 'resource')}`
  const hint = unreadHint(plan)
  const strays = strayLines(plan.strays)
  const ending = [
    planSummaryLine(plan),
    ...(hint === undefined ? [] : [hint]),
    ...(strays.length > 0 ? [code(truncate(strays.join(' '), mostListed))] : []),
    ...(options.isDryRun ? ['Dry run: nothing was changed.'] : []),
  ].join(' ')
  const listed = bounded(planItems(plan), mostListed)
  const head = [title, '', ending, '', ...listed].join('\n')
  const details = planDetails(plan)
  const body = details.length === 0 ? head : `${head}\n${folded(details, mostCharacters - head.length - 200)}`
  return `${body.trimEnd()}\n`
}

/** What is done to which resource, what can hurt first. */
export function planItems(plan: Plan): readonly string[] {
  return [...groups.flatMap((group) => groupLines(plan, group)), ...warningItems(plan)]
}

function warningItems(plan: Plan): readonly string[] {
  const warnings = warningLines(plan.warnings)
  if (warnings.length === 0) return []
  return ['**Warnings**', '', ...warnings.map((line) => `- ${code(truncate(line, mostItem))}`), '']
}

function groupLines(
  plan: Plan,
  { title, heading }: { readonly title: string; readonly heading: Heading },
): readonly string[] {
  const members = listedResources(plan).filter((resource) => headingOf(resource) === heading)
  if (members.length === 0) return []
  return [`**${title}**`, '', ...members.map(itemLine), '']
}

function itemLine(resource: PlannedResource): string {
  const text = truncate(sanitise(itemText(resource)), mostItem)
  const word = resource.released === undefined ? planOutcome(resource) : 'released'
  return `- ${code(truncate(sanitise(resource.id), mostItem))} ${word}${text ? `: ${code(text)}` : ''}`
}

function itemText({ actions, holds, unknown, unread = [], released }: PlannedResource): string {
  if (released !== undefined) return released
  if (unknown) return unknown.message
  if (holds.length > 0) return holds.map((hold) => hold.message).join('; ')
  if (actions.length === 0) return `not read in a dry run: ${unread.join(', ')}`
  return actions.map(actionSentence).join('; ')
}

/** The changes of every resource that has some, as in the plan's text. */
export function planDetails(plan: Plan): readonly string[] {
  return listedResources(plan).flatMap((resource) => {
    const all = [...resource.actions.flatMap(({ changes }) => changes), ...unreadChanges(resource)]
    const changes = changeLines(all, detailWidth)
    return changes.length === 0
      ? []
      : [truncate(sanitise(resource.id), detailWidth), ...changes.map((line) => `  ${line}`)]
  })
}
