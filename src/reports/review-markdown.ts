import { changeLines } from './change-text.ts'
import { truncate } from './layout.ts'
import { bounded, code, folded } from './markdown.ts'
import { fleetTitle } from './names.ts'
import { planDetails, planItems } from './plan-markdown.ts'
import { plannedLine, type Review, type ReviewEffect, reviewEffects, reviewSummaryLine } from './review.ts'
import { sanitise } from './sanitise.ts'

/** GitHub refuses a comment of more than 65,536 characters; a frame around ours must still fit. */
const mostCharacters = 60_000
/** Each of the two lists; the details have what is left. */
const mostListed = 15_000
const mostItem = 300
const detailWidth = 120

const titles: Readonly<Record<ReviewEffect, string>> = Object.freeze({
  delete: 'Deletes',
  restart: 'Restarts',
  update: 'Updates',
  create: 'Creates',
})

/** A review as a comment of a pull request: at most 60,000 characters, what can hurt first. */
export function reviewMarkdown(review: Review): string {
  const { fleet, environment, revision, commit, plan } = review
  const title = `### Review of fleet ${code(fleetTitle(fleet, environment))} against ${code(item(revision))} (${code(commit.slice(0, 12))})`
  const lines = [
    title,
    '',
    `Manifests: ${reviewSummaryLine(review)}`,
    '',
    ...bounded(
      reviewEffects.flatMap((effect) => groupLines(review, effect)),
      mostListed,
    ),
    ...settingsLines(review),
    ...(plan ? plannedLines(plan) : []),
    ...review.comparedOnly.map(
      ({ kind, message }) => `- ${code(item(kind))} compared only: ${code(item(message))}`,
    ),
    ...review.notes.map((note) => `- ${code(item(note))}`),
    '',
    'Nothing was changed.',
  ]
  const head = lines.join('\n')
  const details = detailLines(review)
  const body =
    details.length === 0 ? head : `${head}\n\n${folded(details, mostCharacters - head.length - 200)}`
  return `${body.trimEnd()}\n`
}

function groupLines({ resources }: Review, effect: ReviewEffect): readonly string[] {
  const members = resources.filter((one) => one.effect === effect)
  if (members.length === 0) return []
  const lines = members.map(({ id, changes }) => {
    const paths = changes.map(({ path }) => path).join(', ')
    return `- ${code(item(id))}${paths === '' ? '' : `: ${code(item(paths))}`}`
  })
  return [`**${titles[effect]}**`, '', ...lines, '']
}

function settingsLines({ settings }: Review): readonly string[] {
  if (settings.length === 0) return []
  return ['**The fleet itself**', '', `- ${code(item(settings.map(({ path }) => path).join(', ')))}`, '']
}

function plannedLines(plan: NonNullable<Review['plan']>): readonly string[] {
  const items = planItems(plan)
  return [
    '#### Plan',
    '',
    sanitise(plannedLine(plan)),
    '',
    ...bounded(items, mostListed),
    ...(items.length > 0 ? [''] : []),
  ]
}

function detailLines({ resources, settings, plan }: Review): readonly string[] {
  const changed = [{ id: 'the fleet itself', changes: settings }, ...resources].filter(
    ({ changes }) => changes.length > 0,
  )
  const compared = changed.flatMap(({ id, changes }) => [
    truncate(sanitise(id), detailWidth),
    ...changeLines(changes, detailWidth).map((line) => `  ${line}`),
  ])
  const planned = plan ? planDetails(plan) : []
  return planned.length === 0 ? compared : [...compared, '', 'As planned:', ...planned]
}

function item(text: string): string {
  return truncate(sanitise(text), mostItem)
}
