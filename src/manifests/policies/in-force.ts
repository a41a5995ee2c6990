import { type ResourceId, resourceId } from '../../core/resource.ts'
import type { Composition } from '../compose.ts'
import type { Draft } from '../draft.ts'
import type { PolicySpec } from '../policy-spec.generated.ts'
import type { Policy } from './policy.ts'
import { isInForce, type RuleWorld } from './subject.ts'

/** The policies that hold, and those of which nobody can say what they allow. */
export interface PoliciesInForce {
  readonly policies: readonly Policy[]
  readonly broken: readonly ResourceId[]
}

/**
 * What holds where files are broken and others stand in for them. A policy that can neither be read nor recalled is
 * against everything, unless it is known only to warn, or not to be for this environment.
 */
export function policiesInForce(
  { current, restored }: { readonly current: Composition; readonly restored: Composition },
  context: RuleWorld & {
    /** Ids that broken files declare, of which no last good text is known. */
    readonly lost: ReadonlySet<ResourceId>
    /** Whether a broken file seems to hold a policy whose name cannot be read. */
    readonly isSomeUnnamed: boolean
    /** Whether a draft of the restored ones counts. */
    readonly stays: (draft: Draft) => boolean
  },
): PoliciesInForce {
  const staying = new Set(restored.policyDrafts.filter(context.stays).map(({ resource }) => resource.id))
  const policies = restored.policies.filter(({ id }) => staying.has(id))
  const held = new Set(policies.map(({ id }) => id))
  const declared = [...current.declared.keys(), ...context.lost].filter((id) => id.startsWith('Policy/'))
  const drafts = [...restored.policyDrafts, ...current.policyDrafts]
  const harmless = new Set(
    drafts
      .filter(({ resource }) => {
        const spec = resource.spec as PolicySpec
        return spec.severity === 'warn' || !isInForce({ spec }, context)
      })
      .map(({ resource }) => resource.id),
  )
  const broken = [...new Set(declared)].filter((id) => !held.has(id) && !harmless.has(id)).sort()
  return {
    policies,
    broken: context.isSomeUnnamed ? [...broken, resourceId('Policy', '(unnamed)')] : broken,
  }
}
