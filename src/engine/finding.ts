import type { Action } from '../core/action.ts'
import type { Hold } from '../core/hold.ts'
import type { Intent } from '../core/intent.ts'
import type { ResourceState } from '../core/ledger.ts'
import type { Mark, Owned } from '../core/ownership.ts'
import type { Assessment, Reading } from '../core/reconciler.ts'
import type { Resource, ResourceId } from '../core/resource.ts'

/** One resource on its way through a pass: what is declared, read, owned and remembered of it. */
export interface Subject {
  readonly id: ResourceId
  /** Undefined: no longer declared. */
  readonly desired: Resource | undefined
  readonly owned: Owned | undefined
  readonly state: ResourceState | undefined
  /** When a person last resumed it, epoch milliseconds. */
  readonly resumedAt: number | undefined
  /** That time is still to come, because the clock was set back since: it is heard, and compared with nothing. */
  readonly isResumeAhead?: boolean
  readonly reading: Reading<unknown>
  /** When it was read, epoch milliseconds: before anything that the pass does about it. */
  readonly observedAt: number
  /** Hash of the declared fields in normal form, without the values of secrets; empty where not declared. */
  readonly specHash: string
  readonly mark: Mark
  /** Primaries that it stands in for now. */
  readonly activeFor: readonly ResourceId[]
  /** Primaries that name it as their fallback; empty: an ordinary resource. */
  readonly standsBehind: readonly ResourceId[]
  /** Old ids of the same outside thing, whose rows end when this one takes over. */
  readonly replaces: readonly ResourceId[]
  /** The declared resource that this was before it was given another outside name; undefined: it is nobody's past. */
  readonly successor: Resource | undefined
  readonly unconfirmed: readonly Intent[]
  /** Read only because another depends on it: never acted on, never printed. */
  readonly isContext: boolean
}

/** In what relation a thing stands to us. */
export type Stance =
  | 'absent'
  | 'ours'
  /** It bears our mark and our inventory does not know it: the store was lost, or we died before we wrote. */
  | 'taken-back'
  /** It runs what is declared, or `adopt: true`: it becomes ours. */
  | 'adopted'
  /** Something of that name that is not what is declared. */
  | 'not-ours'
  /** It bears the mark of another fleet, environment or living store. */
  | 'conflict'
  /** No longer declared, and left alone: only our inventory forgets it. */
  | 'released'
  | 'unreadable'

/** A subject after it was judged: what is wanted, what it is like, and what holds it. */
export interface Finding extends Subject {
  readonly stance: Stance
  readonly actions: readonly Action[]
  readonly assessment: Assessment
  readonly holds: readonly Hold[]
  readonly unknown: { readonly code: string; readonly message: string } | undefined
  /** The fleet is down and this is stopped for it: its actions are what stops it. */
  readonly isTakenDown?: boolean
  /** It is not to run now, so that its declared fields are not compared with what is there. */
  readonly isStandingBy?: boolean
  /** The inventory row as the pass believes it: the stored one, or the one that taking back will write. */
  readonly ownership: Owned | undefined
}

/** Whether the actions of a finding are to be taken now. */
export function isActionable(finding: Finding): boolean {
  return finding.actions.length > 0 && finding.holds.length === 0 && !finding.unknown && !finding.isContext
}
