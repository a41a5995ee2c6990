import type { Action } from '../../src/core/action.ts'
import type { Duration } from '../../src/core/duration.ts'
import type { ResourceId } from '../../src/core/resource.ts'

/** What becomes of one reading of a domain. */
export type ReadFate =
  /** `staleVersions` counts for lists alone: one thing by itself is always read fresh. */
  | {
      readonly type: 'answered'
      readonly latency: Duration
      readonly staleVersions: number
      readonly unreadable: readonly ResourceId[]
    }
  | { readonly type: 'error'; readonly latency: Duration }
  | { readonly type: 'hang' }

/** What becomes of one effect. */
export type EffectFate =
  | { readonly type: 'done'; readonly latency: Duration }
  /** The vendor refused; nothing happened. */
  | { readonly type: 'error-before'; readonly latency: Duration; readonly isForTime: boolean }
  /** It happened, and its answer was lost. */
  | { readonly type: 'lost-answer'; readonly latency: Duration }
  /** Nothing happens and nothing is answered until somebody gives up. */
  | { readonly type: 'hang-before' }
  /** It happened, and nothing is answered until somebody gives up. */
  | { readonly type: 'hang-after' }

/** The switches of a modelled domain. */
export interface ModelFaults {
  read(kind: string, asked: readonly ResourceId[]): ReadFate
  effect(action: Action): EffectFate
  /** What becomes of a wake event: the delays at which it arrives; empty: it is lost. */
  wake(): readonly Duration[]
  /** Called when an effect has happened and before it is answered; a promise that never resolves is a kill. */
  afterEffect(action: Action): Promise<void>
}

/** A vendor without faults. */
export const noFaults: ModelFaults = Object.freeze<ModelFaults>({
  read: () => ({ type: 'answered', latency: 0, staleVersions: 0, unreadable: [] }),
  effect: () => ({ type: 'done', latency: 0 }),
  wake: () => [0],
  afterEffect: async () => undefined,
})
