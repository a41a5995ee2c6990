import { type Plan, type PlannedResource, type PlanOutcome, planOutcome } from '../core/plan.ts'
import { changeLines } from './change-text.ts'
import { truncate } from './layout.ts'
import { counted, fleetTitle } from './names.ts'
import { listedResources, planSummaryLine, unreadChanges, unreadHint } from './plan-summary.ts'
import { warningLines } from './policy-warnings.ts'
import { sanitise } from './sanitise.ts'
import { strayLines } from './strays.ts'

/** GitHub refuses a comment of more than 65,536 characters; a frame around ours must still fit. */
const mostCharacters = 60_000
/** The list and the details share the room, so that neither can push the other out. */
const mostListed = 25_000
const mostItem = 300
const detailWidth = 120

/** What can hurt comes first: it is what a reviewer must see even when the rest is folded or cut. */
const groups: readonly { readonly title: string; readonly outcomes: readonly PlanOutcome[] }[] =
  Object.freeze([
    { title: 'Deletes', outcomes: ['delete'] },
    { title: 'Restarts and updates', outcomes: ['update', 'run'] },
    { title: 'Creates', outcomes: ['create'] },
    { title: 'Held', outcomes: ['held'] },
    { title: 'Unknown', outcomes: ['unknown'] },
    { title: 'Not compared', outcomes: ['unchanged'] },
  ])

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
  const list = [...groups.flatMap((group) => groupLines(plan, group)), ...warningItems(plan)]
  const listed = bounded(list, mostListed)
  const head = [title, '', ending, '', ...listed].join('\n')
  const details = detailLines(plan)
  const body = details.length === 0 ? head : `${head}\n${folded(details, mostCharacters - head.length - 200)}`
  return `${body.trimEnd()}\n`
}

function warningItems(plan: Plan): readonly string[] {
  const warnings = warningLines(plan.warnings)
  if (warnings.length === 0) return []
  return ['**Warnings**', '', ...warnings.map((line) => `- ${code(truncate(line, mostItem))}`), '']
}

function groupLines(
  plan: Plan,
  { title, outcomes }: { readonly title: string; readonly outcomes: readonly PlanOutcome[] },
): readonly string[] {
  const members = listedResources(plan).filter((resource) => outcomes.includes(planOutcome(resource)))
  if (members.length === 0) return []
  return [`**${title}**`, '', ...members.map(itemLine), '']
}

function itemLine(resource: PlannedResource): string {
  const text = truncate(sanitise(itemText(resource)), mostItem)
  return `- ${code(truncate(sanitise(resource.id), mostItem))} ${planOutcome(resource)}${text ? `: ${code(text)}` : ''}`
}

function itemText({ actions, holds, unknown, unread = [] }: PlannedResource): string {
  if (unknown) return unknown.message
  if (holds.length > 0) return holds.map((hold) => hold.message).join('; ')
  if (actions.length === 0) return `not read in a dry run: ${unread.join(', ')}`
  return actions.map(({ summary, reason }) => (reason ? `${summary} (${reason})` : summary)).join('; ')
}

/** The changes of every resource that has some, as in the plan's text. */
function detailLines(plan: Plan): readonly string[] {
  return listedResources(plan).flatMap((resource) => {
    const all = [...resource.actions.flatMap(({ changes }) => changes), ...unreadChanges(resource)]
    const changes = changeLines(all, detailWidth)
    return changes.length === 0
      ? []
      : [truncate(sanitise(resource.id), detailWidth), ...changes.map((line) => `  ${line}`)]
  })
}

function folded(details: readonly string[], room: number): string {
  // A fence longer than any run of backticks inside cannot be ended from inside.
  const fence = '`'.repeat(Math.max(3, longestRun(details.join('\n')) + 1))
  const lines = bounded(details, Math.max(0, room - 2 * fence.length))
  return ['<details><summary>Changes</summary>', '', `${fence}text`, ...lines, fence, '', '</details>'].join(
    '\n',
  )
}

/** As many lines as there is room for, and a line that says how many were cut. */
function bounded(lines: readonly string[], room: number): readonly string[] {
  let taken = 0
  const end = lines.findIndex((line) => {
    taken += line.length + 1
    return taken > room - 60
  })
  if (end < 0) return lines
  return [...lines.slice(0, end), `... ${lines.length - end} more lines; the plan itself has them all`, '']
}

/** A code span around any text: delimited by more backticks than it holds in a row. */
function code(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1)
  const space = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${ticks}${space}${text}${space}${ticks}`
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0)
}
