import type { FleetSettings } from '../core/fleet.ts'
import type { LedgerView } from '../core/ledger.ts'
import type { Judge } from '../core/policy.ts'
import type { ResourceId } from '../core/resource.ts'
import type { Permit } from './permit.ts'
import type { Refusal } from './refusal.ts'

/** What the guards judge findings by. */
export interface GuardInput {
  readonly view: LedgerView
  readonly fleet: FleetSettings
  readonly missing: readonly ResourceId[]
  readonly isComplete: boolean
  /** Whether any resource is declared: no manifest at all never means that everything should go. */
  readonly isAnythingDeclared: boolean
  readonly allowedDeletions: number | undefined
  /** Whether somebody acts on it: nobody who depends on it goes on before that is over. */
  readonly isBusy: (id: ResourceId) => boolean
  /** Deletions that are due elsewhere in the fleet: they count towards the limit. */
  readonly otherRemovals: number
  /** By kind: what is known of a domain whose writes all fail. Default: nothing of any. */
  readonly refusalOf?: (kind: string) => Refusal | undefined
  /** What the fleet's policies say of actions. Default: there are none. */
  readonly judge?: Judge | undefined
  /** What alone may be done. Default: all that is due. */
  readonly permit?: Permit | undefined
  readonly now: number
}
