import type { Clock } from '../../src/core/clock.ts'
import type { ModelFaults } from './model-faults.ts'
import type { ModelledWorld } from './modelled-world.ts'

/** What a modelled domain works in. */
export interface ModelContext {
  readonly world: ModelledWorld
  readonly clock: Clock
  readonly faults: ModelFaults
}

/** How long a vendor's list may lag behind, in virtual ms: what is not seen after it did not happen. */
export const staleBound = 3_000
