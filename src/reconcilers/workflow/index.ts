import type { ConnectContext, Reconciler } from '../../core/reconciler.ts'
import type { WorkflowAction } from './action.ts'
import { assessWorkflow } from './assess.ts'
import { claimWorkflow } from './claim.ts'
import { diffWorkflow } from './diff.ts'
import { declaredFields } from './fields.ts'
import type { ObservedWorkflow } from './observed.ts'
import { externalNameOf } from './place.ts'
import type { WorkflowSpec } from './spec.generated.ts'
import { validateWorkflow } from './validate.ts'

/** `kind: Workflow`: workflows of GitHub Actions. Light: the client is loaded by `connect` alone. */
export const reconciler: Reconciler<WorkflowSpec, ObservedWorkflow, WorkflowAction> = Object.freeze({
  kind: 'Workflow',
  // A run is named by GitHub: asking twice makes two.
  identity: 'assigned' as const,
  defaultInterval: 300_000,
  // Writes are spaced out by a second anyway, as GitHub asks for.
  defaultConcurrency: 4,
  deletionDefault: Object.freeze({ created: 'Orphan' as const, adopted: 'Orphan' as const }),
  canBeFallback: true,
  leavesMark: false,
  externalName: externalNameOf,
  validate: validateWorkflow,
  hasLeftovers: ({ abandoned }: ObservedWorkflow) => abandoned.length > 0,
  fields: declaredFields,
  claim: claimWorkflow,
  diff: diffWorkflow,
  assess: assessWorkflow,
  connect: async (context: ConnectContext) => (await import('./connection.ts')).connectWorkflows(context),
})
