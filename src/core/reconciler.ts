import type { Action } from './action.ts'
import type { Clock, Random } from './clock.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { Duration } from './duration.ts'
import type { FleetSettings } from './fleet.ts'
import type { Health } from './health.ts'
import type { Intent } from './intent.ts'
import type { Logger } from './logger.ts'
import type { Mark, Owned, OwnedField, Provenance } from './ownership.ts'
import type { Resource, ResourceId } from './resource.ts'
import type { Sample } from './sample.ts'
import type { Resolved } from './secret.ts'
import type { SecretMask } from './secret-mask.ts'
import type { ChildStatus } from './status.ts'
import type { Json } from './store.ts'

/** What was declared, what is there and what we own, of one resource. */
export interface Pair<Spec, Observed> {
  readonly id: ResourceId
  /** Undefined: no longer declared, and to be deleted. */
  readonly desired: Resource<Resolved<Spec>> | undefined
  /** Undefined: it was looked for and is not there. What could not be read never becomes a pair. */
  readonly observed: Observed | undefined
  readonly owned: Owned | undefined
  /** The mark that a create or an update writes on the thing. */
  readonly mark: Mark
  /** On standby it must not run: another resource names it as its fallback and does not need it now. */
  readonly posture: 'active' | 'standby'
  /** Actions whose outcome we never learned: what they left is looked for before one is repeated. */
  readonly unconfirmed: readonly Intent[]
}

/** What is remembered of earlier observations of one resource. */
export interface History {
  /** Epoch milliseconds at which the observation was made. */
  readonly now: number
  /** Measurements of earlier observations, oldest first, of the last hour at most. */
  readonly samples: readonly Sample[]
}

/** What the observation says of health, and what would help. */
export interface Assessment<A extends Action = Action> extends Health {
  /** The corrective action for what is unhealthy though it is as declared; the engine bounds it by `recovery`. */
  readonly remedy: A | undefined
  /**
   * All that is due by its own schedule (`isRoutine`), in the order in which it is to be done; it comes after what
   * corrects. Default: nothing.
   */
  readonly due?: readonly A[]
  /** When the verdict may change without an event (a start period ends), in milliseconds from the observation. */
  readonly recheckAfter: Duration | undefined
  /**
   * How long it may be left alone without an event where nobody declared an interval, because nothing happens to it;
   * default: the domain's interval.
   */
  readonly restFor?: Duration
  /** Whether a pass waits while it is on its way; default true. False: it takes its own time, as a run of CI does. */
  readonly isAwaited?: boolean
  readonly measurements: Readonly<Record<string, number>>
  readonly children: readonly ChildStatus[]
  /** Kept in the inventory's `memory` as it is; undefined: nothing new. */
  readonly remember: Readonly<Record<string, unknown>> | undefined
  /** Ids of unconfirmed intents whose outcome the world has shown; they are closed. */
  readonly resolvedIntents?: readonly string[]
}

/** Whose a thing is by its own word, and whether it is what the manifest describes. */
export interface Claim {
  readonly mark: Mark | undefined
  /** Whether the store that the mark names still exists. */
  readonly isMarkAlive: boolean
  /** Where that store lies, for the message; undefined: the mark does not say. */
  readonly markedBy?: string
  /** Of what is not declared: that we created it, though its mark cannot be read any more. Default: false. */
  readonly isProven?: boolean
  /** Whether it runs what is declared, so that adopting it changes nothing essential. */
  readonly matches: boolean
  /** What differs where it does not match, such as `script`; for the message. */
  readonly differs: readonly string[]
  /** Who else acts on it, in a sentence, where no mark says so; undefined: nobody. */
  readonly rival?: string
}

export type Reading<Observed> =
  | { readonly type: 'present'; readonly value: Observed }
  /**
   * Looked for, and not there. `value`, where a domain gives one, is what was seen all the same (that the script of
   * a process does not exist, say); `diff` and `assess` then get it as `observed`.
   */
  | { readonly type: 'absent'; readonly value?: Observed }
  /** Not read is not absent: such a resource is Unknown and gets no action. */
  | {
      readonly type: 'unreadable'
      readonly code: string
      readonly message: string
      /** The whole domain could not be read: that is one event, not one a resource. */
      readonly isDomainWide?: boolean
    }

export interface Observation<Observed> {
  /** Epoch milliseconds. */
  readonly observedAt: number
  /** Holds every id that was asked for. */
  readonly readings: ReadonlyMap<ResourceId, Reading<Observed>>
  /** Everything that was seen to bear a mark, asked for or not. Undefined: this domain sees only what it is asked for. */
  readonly marked?: readonly Marked[]
}

/** A thing in the outside world with the mark that it bears. */
export interface Marked {
  readonly externalName: string
  readonly mark: Mark
  /** Whether the store that the mark names still exists, where it is not ours. */
  readonly isMarkAlive: boolean
}

/** What `observe` is asked for: what is declared, and what is owned and perhaps no longer declared. */
export interface Wanted<Spec> {
  readonly id: ResourceId
  readonly desired: Resource<Resolved<Spec>> | undefined
  readonly owned: Owned | undefined
  readonly unconfirmed: readonly Intent[]
  /** When a person last resumed it, epoch milliseconds: what waits for a change then need not. */
  readonly resumedAt?: number | undefined
}

/** Reports a fault of one resource; `path` is a JSON Pointer into its document. */
export type Report = (fault: {
  readonly severity: Diagnostic['severity']
  readonly code: string
  readonly path: string
  readonly message: string
  readonly hint?: string
  /** JSON Pointers of other fields without which it would be none: where one of them is at fault itself, this is not told. */
  readonly restsOn?: readonly string[]
  /** Where it is instead, in a file that the document leads to. */
  readonly within?: FaultyFile
}) => void

/** What a manifest may make the program read. */
export interface Bounds {
  /** Whether a path lies in the fleet root, or in a folder that was allowed beside it, once links are resolved. */
  contain(path: string): Promise<boolean>
}

/** A stretch of a file that is at fault. */
export interface FaultyFile {
  /** Absolute. */
  readonly file: string
  readonly text: string
  /** In UTF-16 code units, as `length`. */
  readonly offset: number
  readonly length: number
}

/**
 * One domain. Everything but `validate` and `connect` is pure: it takes values and returns values, and reads no
 * clock, no file and no environment.
 */
export interface Reconciler<Spec, Observed, A extends Action = Action> {
  readonly kind: string
  /** `assigned`: the vendor names the thing, so an unconfirmed create is never blindly repeated. */
  readonly identity: 'named' | 'assigned'
  readonly defaultInterval: Duration
  readonly defaultConcurrency: number
  readonly deletionDefault: Readonly<Record<Provenance, 'Delete' | 'Orphan'>>
  readonly canBeFallback: boolean
  /** Whether what we create carries our mark: then something without one is not what we created. */
  readonly leavesMark: boolean
  /** The outside name: two resources with one outside name are an error. */
  externalName(desired: Resource<Spec>): string
  /** What a schema cannot say: combinations of fields, files that must exist. Reads files, writes nothing. */
  validate(desired: Resource<Spec>, report: Report, bounds: Bounds): Promise<void>
  /**
   * Whether something of ours beside the thing itself is to be taken away once it is no longer declared, although the
   * thing is left as it is; `diff` then names that alone. Absent: never.
   */
  hasLeftovers?(observed: Observed): boolean
  /** Whether a change of what is declared interrupts what runs, if only for a moment. Default: none does. */
  interrupts?(before: Resource<Resolved<Spec>>, after: Resource<Resolved<Spec>>): boolean
  /** Whether what it looks at is of the machine that it runs on, so that from elsewhere there is nothing to read. Default: no. */
  readonly isOfMachine?: boolean
  /** The declared fields in normal form, by dotted path; secrets by digest. What the inventory keeps. */
  fields(desired: Resource<Resolved<Spec>>): Readonly<Record<string, OwnedField>>
  /** Whose the thing is. Where nothing is declared any more only the mark counts. */
  claim(desired: Resource<Resolved<Spec>> | undefined, observed: Observed): Claim
  /** Empty means in sync. Where `desired` is undefined: how to delete. */
  diff(pair: Pair<Spec, Observed>): readonly A[]
  assess(pair: Pair<Spec, Observed>, history: History): Assessment<A>
  /** Loads the domain's client; touches nothing yet. */
  connect(context: ConnectContext): Promise<Connection<Spec, Observed, A>>
}

export interface Connection<Spec, Observed, A extends Action = Action> {
  /** The whole domain in few calls; changes nothing; what cannot be read is reported, not left out. */
  observe(wanted: readonly Wanted<Spec>[], signal: AbortSignal): Promise<Observation<Observed>>
  /**
   * Sends what the next `observe` will ask in any case, so that the vendor works at it meanwhile. Resolves when it is
   * on its way, and never rejects. Absent: nothing can be asked ahead.
   */
  anticipate?(): Promise<void>
  /**
   * Acts, and resolves when the vendor said so; that it is true is confirmed by observing again. Rejects with
   * `OutcomeUnknown` where the answer was lost. `tell` shows how far it is to whoever watches.
   */
  apply(action: A, signal: AbortSignal, tell?: Tell): Promise<void>
  /** Wakes keys; may lose or repeat events. */
  watch?(wake: (id: ResourceId) => void): () => void
  /**
   * Told now and then of all resources of this kind that are declared or owned: of others nothing is remembered, listened
   * for or asked any more.
   */
  retain?(ids: ReadonlySet<ResourceId>): void
  /** What the vendor's allowance is like after what was read so far; undefined: nothing was asked of him yet. */
  allowance?(): VendorAllowance | undefined
  /**
   * What the thing itself printed, oldest first; with `follow` on and on until the signal ends it. Undefined: this
   * domain has no logs of its own.
   */
  logs?(desired: Resource<Resolved<Spec>>, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>
  close(): Promise<void>
}

/** Says how far something is, such as `uploaded 12/100 functions`; may be called often, and need not be heard. */
export type Tell = (progress: string) => void

export interface LogOptions {
  /** The newest lines of each source that are given before anything is followed. */
  readonly lines: number
  readonly follow: boolean
}

/** One line that something printed. */
export interface LogLine {
  /** Epoch milliseconds; undefined: its log does not say. */
  readonly at: number | undefined
  /** Which part of the resource printed it, such as the name of a script. */
  readonly source: string
  readonly stream: 'out' | 'err'
  /** Without its line break. As it was printed: whoever shows it cleans it. */
  readonly text: string
}

/** How much of a vendor's API is used and left. */
export interface VendorAllowance {
  readonly vendor: 'github' | 'netlify'
  /** Calls that were counted against the limit by this connection. */
  readonly used: number
  /** Undefined: not told yet. */
  readonly remaining: number | undefined
}

/**
 * What a domain may find again after a restart: never more than a saving, so it may be empty or old at any time, and
 * nothing is decided by its absence.
 */
export interface DomainCache {
  get(key: string): Promise<Json | undefined>
  /** The values of all entries whose key begins so, by their keys' order. */
  list(prefix: string): Promise<readonly Json[]>
  /** Kept together, some time; does nothing in a dry run. */
  put(entries: ReadonlyMap<string, Json>): Promise<void>
  /** Forgets the entries whose key begins so and whose value is not kept; does nothing in a dry run. */
  prune(prefix: string, isKept: (value: Json) => boolean): Promise<void>
}

/** What a domain gets of the world. */
export interface ConnectContext {
  readonly fleet: FleetSettings
  /** The caller's environment, as it was at the start. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** The store whose marks are ours. */
  readonly store: { readonly id: string; readonly location: string }
  /** Whether commands that a manifest names may be run for reading (`exec` probes): not in a dry run. */
  readonly mayRunCommands: boolean
  /** All that is declared now, also where a pass asks only for a part of it. Default: what is asked for. */
  readonly declared?: () => readonly Resource[]
  /** What must not be seen: whoever gets a credential adds it, whoever cuts a text of others masks it before. */
  readonly mask?: SecretMask
  /** The domain's own memory of what it read; undefined: it has none. */
  readonly cache?: DomainCache
}

/** A domain whose types are hidden, as the engine holds it. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where a domain's types end; the engine only hands values through.
export type AnyReconciler = Reconciler<any, any, any>
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AnyConnection = Connection<any, any, any>
