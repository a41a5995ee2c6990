import type { ProposedAction } from '../../core/policy.ts'
import { kindOf, nameOf, type ResourceId } from '../../core/resource.ts'
import { Secret } from '../../core/secret.ts'
import type { Draft } from '../draft.ts'
import { childOf, treeValue } from '../tree.ts'
import type { Policy } from './policy.ts'
import type { RuleInput } from './rule.ts'

/** What every rule sees. */
export interface RuleWorld {
  readonly fleet: string
  /** Undefined: the base alone. */
  readonly environment: string | undefined
}

/** Whether a policy is for this environment. */
export function isInForce({ spec }: Pick<Policy, 'spec'>, { environment }: RuleWorld): boolean {
  return (
    spec.environments === undefined || (environment !== undefined && spec.environments.includes(environment))
  )
}

/** Whether a policy is for a resource; `undefined`: it is no longer declared, so that its labels are not known. */
export function isAbout({ spec }: Policy, id: ResourceId, declared: Draft | undefined): boolean {
  if (spec.kinds && !spec.kinds.includes(kindOf(id))) return false
  if (!spec.labels || !declared) return true
  return Object.entries(spec.labels).every(([key, value]) => declared.resource.labels[key] === value)
}

/** The variables of every rule. */
export function worldInput({ fleet, environment }: RuleWorld, now: number): RuleInput {
  return { fleet, environment: environment ?? '', now: new Date(now) }
}

/** The variable `resource`: as the manifests have it, with references in the place of what they refer to. */
export function resourceInput(id: ResourceId, declared: Draft | undefined): RuleInput {
  const { labels = {}, annotations = {} } = declared?.resource ?? {}
  const spec = declared && childOf(declared.document.root, 'spec')
  return {
    id,
    kind: kindOf(id),
    name: nameOf(id),
    labels,
    annotations,
    spec: spec ? celValue(treeValue(spec)) : {},
    declared: declared !== undefined,
  }
}

/** The variable `action`. What is sensitive has no values. */
export function actionInput({ action }: ProposedAction): RuleInput {
  return {
    verb: action.verb,
    type: action.type,
    summary: action.summary,
    reason: action.reason,
    removes: BigInt(action.removes),
    recovery: action.isRecovery,
    changes: action.changes.map(({ path, before, after, sensitive }) => ({
      path,
      sensitive,
      ...(!sensitive && before !== undefined && { before: celValue(before) }),
      ...(!sensitive && after !== undefined && { after: celValue(after) }),
    })),
  }
}

/** One of `plan.actions`: the action, and what it is done to. */
export function plannedInput(proposed: ProposedAction, declared: Draft | undefined): RuleInput {
  return { ...actionInput(proposed), resource: resourceInput(proposed.id, declared) }
}

/** CEL tells whole numbers from others, and a secret is none of its business. */
function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (value === undefined || value instanceof Secret) return null
  if (Array.isArray(value)) return value.map(celValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, celValue(child)]))
}
