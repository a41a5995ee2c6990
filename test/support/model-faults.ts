import type { Action } from '../../src/core/action.ts'
import type { Duration } from '../../src/core/duration.ts'
import type { Reading } from '../../src/core/reconciler.ts'
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
  /** It happened, and the vendor says that it did not. */
  | { readonly type: 'error-after'; readonly latency: Duration }
  /** The vendor takes the order and answers, and gets round to it later, whoever lives then. */
  | {
      readonly type: 'late'
      readonly latency: Duration
      readonly answer: 'done' | 'error' | 'lost'
      readonly turn: () => Promise<void>
    }
  /** It happened, and its answer was lost. */
  | { readonly type: 'lost-answer'; readonly latency: Duration }
  /** Nothing happens and nothing is answered until somebody gives up. */
  | { readonly type: 'hang-before'; readonly latency: Duration }
  /** It happened, and nothing is answered until somebody gives up. */
  | { readonly type: 'hang-after'; readonly latency: Duration }

/** The switches of a modelled domain. */
export interface ModelFaults {
  read(kind: string, asked: readonly ResourceId[]): ReadFate
  effect(action: Action): EffectFate
  /** What becomes of a wake event: the delays at which it arrives; empty: it is lost. */
  wake(): readonly Duration[]
  /** Called right before an effect happens, in the same moment. */
  beforeEffect(action: Action): void
  /** Called when an effect has happened that had been answered before. */
  arrived(action: Action): void
  /** Told of what a reading gave. */
  afterRead(readings: ReadonlyMap<ResourceId, Reading<unknown>>): void
  /** Called when an effect has happened and before it is answered; a promise that never resolves is a kill. */
  afterEffect(action: Action): Promise<void>
}

/** A vendor without faults. */
export const noFaults: ModelFaults = Object.freeze<ModelFaults>({
  read: () => ({ type: 'answered', latency: 0, staleVersions: 0, unreadable: [] }),
  effect: () => ({ type: 'done', latency: 0 }),
  wake: () => [0],
  beforeEffect: () => undefined,
  afterRead: () => undefined,
  afterEffect: async () => undefined,
  arrived: () => undefined,
})
