import { changeLines } from './change-text.ts'
import { type Page, pageWidth, trimLines, wrap } from './layout.ts'
import { fleetTitle } from './names.ts'
import { type Review, type ReviewEffect, reviewEffects, reviewSummaryLine, withoutState } from './review.ts'
import { sanitise } from './sanitise.ts'

const signs: Readonly<Record<ReviewEffect, string>> = Object.freeze({
  delete: '-',
  restart: '!',
  update: '~',
  create: '+',
})

/** A review as people read it, up to the plan of what could be reached. Every line fits the page. */
export function reviewText(review: Review, page: Page): string {
  const width = pageWidth(page)
  const { fleet, environment, revision, commit, resources, settings, comparedOnly, notes, plan } = review
  const block = (title: string, changes: Review['settings']) => [
    ...wrap(sanitise(title), width - 2).map((line) => `  ${line}`),
    ...changeLines(changes, width - 6).map((line) => `      ${line}`),
  ]
  const lines = [
    ...(settings.length > 0 ? block('~ the fleet itself', settings) : []),
    ...reviewEffects.flatMap((effect) =>
      resources
        .filter((one) => one.effect === effect)
        .flatMap(({ id, changes }) => block(`${signs[effect]} ${id} ${effect}`, changes)),
    ),
  ]
  const ending = [
    `Manifests: ${reviewSummaryLine(review)}`,
    ...comparedOnly.map(({ kind, message }) => `${kind} compared only: ${message}.`),
    ...notes,
    ...(plan ? ['', withoutState] : []),
  ]
  return trimLines([
    ...wrap(
      `Review of fleet ${fleetTitle(fleet, environment)} against ${sanitise(revision)} (${commit.slice(0, 12)})`,
      width,
    ),
    '',
    ...lines,
    ...(lines.length > 0 ? [''] : []),
    ...ending.flatMap((line) => (line === '' ? [''] : wrap(sanitise(line), width))),
  ])
}
