import type { Change } from '../core/action.ts'
import type { Plan } from '../core/plan.ts'
import { displayPath } from './names.ts'
import type { ApiUse } from './plan-api.ts'
import { type PlanDocument, planDocument } from './plan-json.ts'
import { planSummaryLine } from './plan-summary.ts'

/** What a difference of manifests does to what runs, as far as manifests alone can tell; the worst first. */
export const reviewEffects = Object.freeze(['delete', 'restart', 'update', 'create'] as const)
export type ReviewEffect = (typeof reviewEffects)[number]

/** A resource that two revisions declare differently. */
export interface ReviewedResource {
  readonly id: string
  readonly kind: string
  readonly effect: ReviewEffect
  /** Where it is declared now, or was: `REV:path`. Absolute, or of the revision. */
  readonly file: string
  readonly line: number
  readonly changes: readonly Change[]
}

/** What is compared, and what was looked at beside the manifests. */
export interface Review {
  readonly fleet: string
  readonly environment: string | undefined
  readonly revision: string
  readonly commit: string
  readonly resources: readonly ReviewedResource[]
  readonly same: number
  /** Settings of the fleet itself. */
  readonly settings: readonly Change[]
  /** Kinds of which the manifests alone were compared, and why. */
  readonly comparedOnly: readonly { readonly kind: string; readonly message: string }[]
  /** What there is to know of the comparison itself, such as links that were not followed. */
  readonly notes: readonly string[]
  /** Of the domains that could be reached, as a first pass would plan them; undefined: none could. */
  readonly plan: Plan | undefined
}

/** A review as programs read it. */
interface ReviewDocument {
  readonly formatVersion: '1'
  readonly fleet: string
  readonly environment: string | null
  readonly against: { readonly revision: string; readonly commit: string }
  readonly summary: Readonly<Record<ReviewEffect | 'same', number>>
  readonly resources: readonly ReviewedResource[]
  readonly settings: readonly Change[]
  readonly comparedOnly: Review['comparedOnly']
  readonly notes: readonly string[]
  readonly plan: PlanDocument | null
}

export function reviewDocument(
  review: Review,
  options: { readonly workingDirectory: string; readonly api: ApiUse },
): ReviewDocument {
  const { fleet, environment, revision, commit, resources, settings, comparedOnly, notes, plan } = review
  return {
    formatVersion: '1',
    fleet,
    environment: environment ?? null,
    against: { revision, commit },
    summary: { ...countEffects(resources), same: review.same },
    resources: resources.map((one) => ({ ...one, file: displayPath(one.file, options.workingDirectory) })),
    settings,
    comparedOnly,
    notes,
    plan: plan ? planDocument(plan, options) : null,
  }
}

function countEffects(resources: readonly ReviewedResource[]): Readonly<Record<ReviewEffect, number>> {
  const counts = { delete: 0, restart: 0, update: 0, create: 0 }
  for (const { effect } of resources) counts[effect] += 1
  return counts
}

/** How many of what, in one sentence. */
export function reviewSummaryLine({ resources, same }: Pick<Review, 'resources' | 'same'>): string {
  const counts = countEffects(resources)
  const said = reviewEffects
    .filter((effect) => counts[effect] > 0)
    .map((effect) => `${counts[effect]} to ${effect}`)
  return `${[...said, `${same} the same`].join(', ')}.`
}

/** What the plan of the domains that could be reached rests on. */
export const withoutState =
  'What can be read from here, as a first pass would find it, without what the state of the fleet knows:'

/** How the domains that could be reached differ from what is declared. */
export function plannedLine(plan: Plan): string {
  return `${withoutState} ${planSummaryLine(plan)}`
}
