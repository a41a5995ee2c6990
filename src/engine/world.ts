import type { Clock, Random } from '../core/clock.ts'
import type { Duration } from '../core/duration.ts'
import type { Ledger } from '../core/ledger.ts'
import type { Logger } from '../core/logger.ts'
import type { AnyConnection, AnyReconciler } from '../core/reconciler.ts'

/** What the engine acts in; everything from outside comes in through it. */
export interface World {
  readonly fleet: { readonly name: string; readonly environment: string | undefined }
  readonly store: { readonly id: string; readonly location: string }
  readonly ledger: Ledger
  readonly reconcilers: ReadonlyMap<string, AnyReconciler>
  /** Opens the domain's connection once, and gives the same one after. */
  connect(kind: string): Promise<AnyConnection>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly deadlines: Deadlines
}

export interface Deadlines {
  /** How long reading one domain may take. */
  readonly observe: Duration
  /** How long one action may take, its vendor's graceful stop included. */
  readonly apply: Duration
}

export const defaultDeadlines: Deadlines = Object.freeze({ observe: 20_000, apply: 120_000 })

/** The domain of a kind; a kind without one never gets past validation. */
export function reconcilerOf(world: Pick<World, 'reconcilers'>, kind: string): AnyReconciler {
  const reconciler = world.reconcilers.get(kind)
  if (!reconciler) throw new TypeError(`No reconciler for kind ${kind}`)
  return reconciler
}
