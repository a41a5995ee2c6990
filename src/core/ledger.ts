import type { FleetEvent } from './event.ts'
import type { HealthStatus } from './health.ts'
import type { Intent } from './intent.ts'
import type { Owned, Stray } from './ownership.ts'
import type { ResourceId, Suspension } from './resource.ts'
import type { Sample } from './sample.ts'
import type { ResourceStatus } from './status.ts'

/**
 * The fleet's memory in the words of the engine: what we own, what we tried and what we saw, of one fleet in
 * one environment. Built on a `Store`; a writer holds the lease, and every commit is refused without it.
 */
export interface Ledger {
  /** Everything that a pass needs, in one read. */
  load(): Promise<LedgerView>
  /** All or nothing, durable when it resolves. Rejects with `LeaseLost` where the lease is not ours any more. */
  commit(entries: readonly LedgerEntry[]): Promise<void>
  /** Samples of one resource, oldest first. */
  samples(id: ResourceId, since: number): Promise<readonly Sample[]>
  /** Newest first. */
  events(query: { readonly id?: ResourceId; readonly limit: number }): Promise<readonly FleetEvent[]>
}

export interface LedgerView {
  readonly inventory: ReadonlyMap<ResourceId, Owned>
  readonly states: ReadonlyMap<ResourceId, ResourceState>
  /** Intents whose outcome was never written: the actor died between, or its answer was lost. */
  readonly openIntents: readonly Intent[]
  /** What people suspended by command; what a manifest suspends stands in its `controls`. */
  readonly suspensions: ReadonlyMap<ResourceId, Suspension>
  /** When people last resumed a resource by command, epoch milliseconds: attempts before that are forgotten. */
  readonly resumedAt: ReadonlyMap<ResourceId, number>
  /** `down` stopped the fleet; nothing is started until `resume --all`. */
  readonly isDown: boolean
  /** Domains, by kind, of which people were told that they cannot be read, and not yet that they can again. */
  readonly unreadableDomains: ReadonlySet<string>
  /** Samples of the last hour, by resource, oldest first; none is dated ahead of now. */
  readonly recentSamples: Pick<ReadonlyMap<ResourceId, readonly Sample[]>, 'get'>
  /** What bears our mark and is neither declared nor owned, by kind; undefined: nothing does. */
  readonly strays?: ReadonlyMap<string, readonly Stray[]>
  /**
   * When we last forgot a thing of ours because it was gone, epoch milliseconds, by kind and outside name: what bears our
   * mark under that name now came back. What was left alone on purpose is not among them. Undefined: nothing.
   */
  readonly gone?: ReadonlyMap<ResourceId, number>
}

/** What is remembered of one resource between passes. */
export interface ResourceState {
  readonly status: ResourceStatus
  readonly recovery: RecoveryState
  /** For a resource that is somebody's fallback: whom it stands in for; empty: standing by. */
  readonly activeFor: readonly ResourceId[]
  /** Its health when its domain could last be read; only while the whole domain cannot. */
  readonly healthBeforeOutage?: HealthStatus | undefined
}

/** Attempts survive a restart, and are forgotten only after `stableFor` in health, or when the spec changes. */
export interface RecoveryState {
  readonly attempts: number
  /** How often in a row the vendor said that time will cure it: no attempt, but each wait is longer than the last. */
  readonly deferrals?: number | undefined
  /** Epoch milliseconds at which the last attempt was sent, one that the vendor put off included. */
  readonly lastAttemptAt: number | undefined
  readonly nextAttemptAt: number | undefined
  /** Since when it has been healthy without a break; undefined: it is not. */
  readonly healthySince: number | undefined
  /** Hash of the spec that the attempts belong to. */
  readonly specHash: string
  /** The word of a person who resumed it that was heard last, by its time: each is heard once. */
  readonly heardResumeAt?: number | undefined
  /** Times of our recent corrections of drift, to see a rival that undoes them. Oldest first, bounded. */
  readonly corrections: readonly number[]
}

export type LedgerEntry =
  | { readonly type: 'own'; readonly owned: Owned }
  | { readonly type: 'disown'; readonly id: ResourceId }
  /** It was ours and is gone, until a row of that name is written again. */
  | { readonly type: 'gone'; readonly kind: string; readonly externalName: string; readonly at: number }
  | { readonly type: 'state'; readonly id: ResourceId; readonly state: ResourceState }
  | { readonly type: 'forget-state'; readonly id: ResourceId }
  /** What people are told of a whole domain, in the same commit as the event that tells it. */
  | { readonly type: 'domain'; readonly kind: string; readonly isUnreadable: boolean }
  | { readonly type: 'intend'; readonly intent: Intent }
  | {
      readonly type: 'settle'
      readonly intentId: string
      readonly outcome: 'succeeded' | 'failed' | 'superseded'
      readonly at: number
    }
  | { readonly type: 'event'; readonly event: Omit<FleetEvent, 'count' | 'firstAt'> }
  /** What there is of them now, of one kind. */
  | { readonly type: 'strays'; readonly kind: string; readonly strays: readonly Stray[] }
  | { readonly type: 'sample'; readonly id: ResourceId; readonly sample: Sample }
