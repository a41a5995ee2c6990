import type { ConnectContext, Reconciler } from '../../core/reconciler.ts'
import type { ProcessAction } from './action.ts'
import { assessProcess } from './assess.ts'
import { claimProcess } from './claim.ts'
import { diffProcess } from './diff.ts'
import { declaredFields, interrupts } from './fields.ts'
import type { ObservedProcess } from './observed.ts'
import { pm2NameOf } from './place.ts'
import type { ProcessSpec } from './spec.generated.ts'
import { validateProcess } from './validate.ts'

/** `kind: Process`: what PM2 runs. Light: the client is loaded by `connect` alone. */
export const reconciler: Reconciler<ProcessSpec, ObservedProcess, ProcessAction> = Object.freeze({
  kind: 'Process',
  identity: 'named' as const,
  isOfMachine: true,
  defaultInterval: 30_000,
  // Starts are bound by the processor; restarts and deletions wait for PM2's kill poll. Other calls still get
  // through in less than half a second.
  defaultConcurrency: 12,
  deletionDefault: Object.freeze({ created: 'Delete' as const, adopted: 'Orphan' as const }),
  canBeFallback: true,
  leavesMark: true,
  externalName: pm2NameOf,
  validate: validateProcess,
  fields: declaredFields,
  interrupts,
  claim: claimProcess,
  diff: diffProcess,
  assess: assessProcess,
  connect: async (context: ConnectContext) => (await import('./connection.ts')).connectProcesses(context),
})
