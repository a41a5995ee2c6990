import type { Duration } from './duration.ts'
import type { ResourceId } from './resource.ts'
import type { Secret } from './secret.ts'

/** What an Alert can tell of. */
export const troubleTypes = [
  'Degraded',
  'Missing',
  'RecoveryExhausted',
  'Contended',
  'HealthBelowTarget',
  'ControllerError',
  'SuspensionEnding',
  'Unknown',
] as const
export type TroubleType = (typeof troubleTypes)[number]

/** From least to worst. */
export const severities = ['info', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

/** `kind: Alert`, with its defaults. Durations in milliseconds. */
export interface Alert {
  readonly name: string
  /** Names of receivers that exist. */
  readonly receivers: readonly string[]
  readonly on: readonly TroubleType[]
  /** The least severity that is told. */
  readonly severity: Severity
  /** Undefined: all, and the fleet as a whole. */
  readonly kinds: readonly string[] | undefined
  /** Undefined: all, and the fleet as a whole. */
  readonly labels: Readonly<Record<string, string>> | undefined
  /** `kind`, `resource`, `trouble`, `severity` or `label:KEY`. */
  readonly groupBy: readonly string[]
  readonly groupWait: Duration
  readonly groupInterval: Duration
  readonly repeatInterval: Duration
  readonly sendResolved: boolean
  /** With placeholders; undefined: words of our own. */
  readonly title: string | undefined
  readonly text: string | undefined
}

/** `kind: Receiver`, its references read. */
export interface Receiver {
  readonly name: string
  readonly target: Target
  /** Why it cannot be used, such as a reference that could not be read; holds no secret. */
  readonly unusable: string | undefined
}

/** An address or a name that may itself be a secret. */
export type Hidden = string | Secret

/** How a receiver is reached. */
export type Target =
  | {
      readonly type: 'webhook'
      readonly url: Hidden
      readonly secret: Secret | undefined
      readonly token: Secret | undefined
    }
  | { readonly type: 'slack'; readonly url: Hidden }
  | { readonly type: 'discord'; readonly url: Hidden }
  | {
      readonly type: 'ntfy'
      readonly server: Hidden
      readonly topic: Hidden
      readonly token: Secret | undefined
    }
  | { readonly type: 'pagerduty'; readonly url: Hidden; readonly routingKey: Secret }
  | {
      readonly type: 'alertmanager'
      readonly url: Hidden
      readonly username: string | undefined
      readonly password: Secret | undefined
      readonly token: Secret | undefined
    }
  | MailTarget

export interface MailTarget {
  readonly type: 'email'
  readonly host: Hidden
  readonly port: number
  readonly security: 'starttls' | 'tls' | 'none'
  readonly username: string | undefined
  readonly password: Secret | undefined
  readonly from: string
  readonly to: readonly string[]
}

/** Who is told of what, as the manifests say. */
export interface Alerting {
  readonly alerts: readonly Alert[]
  readonly receivers: readonly Receiver[]
}

/** One thing that is wrong now. */
export interface Trouble {
  readonly type: TroubleType
  /** Undefined: the fleet as a whole. */
  readonly id: ResourceId | undefined
  readonly severity: Severity
  /** One sentence for people; holds no secret. */
  readonly message: string
  /** Epoch milliseconds. */
  readonly since: number
}

/** Troubles that are told together, and what was told of them. */
export interface AlertGroup {
  readonly alert: string
  /** Made of what the group is alike in; unique within its alert. */
  readonly id: string
  /** What it is alike in, such as `tier=core`; empty: all troubles of the alert. */
  readonly name: string
  /** Epoch milliseconds since when it has troubles. */
  readonly since: number
  /** What was told last as being wrong; empty: nothing was told yet. */
  readonly told: readonly Trouble[]
  readonly toldAt: number | undefined
  /** Since when nothing of it is wrong any more; undefined: something is. */
  readonly quietSince: number | undefined
  /** Who was told, by the name of the receiver; undefined: an earlier version did not write it down. */
  readonly receivers: readonly string[] | undefined
  /** Whether they want to hear of the end, said last by the alert, which may be gone. */
  readonly sendResolved: boolean | undefined
}

/** What is to be told to one receiver about one group. */
export interface Notice {
  /** Made anew for each; stays the same when it is sent again, so that a receiver can know it. */
  readonly id: string
  readonly receiver: string
  readonly alert: string
  readonly groupId: string
  readonly groupName: string
  /** `test`: sent by `alert test`. */
  readonly status: 'firing' | 'resolved' | 'test'
  readonly firing: readonly Trouble[]
  /** What ended since it was last told. */
  readonly resolved: readonly Trouble[]
  /** What is told no longer though nobody saw it end: the manifests want it so. */
  readonly withdrawn: readonly Trouble[]
  /** Epoch milliseconds of its making. */
  readonly at: number
  /** Since when the group has troubles. */
  readonly since: number
  /** How often it was tried in vain. */
  readonly attempts: number
  /** Epoch milliseconds. */
  readonly nextAttemptAt: number
}

/** What is remembered of alerts, so that a restart neither loses nor needlessly repeats. */
export interface AlertMemory {
  groups(): Promise<readonly AlertGroup[]>
  /** What is not yet told. */
  notices(): Promise<readonly Notice[]>
  /** All or nothing, durable when it resolves; refused with `LeaseLost` where another acts. */
  commit(changes: readonly AlertChange[]): Promise<void>
  /**
   * Makes a notice ours to send until then, so that no other program sends it meanwhile; needs no lease. It must be as
   * it is known to us: otherwise the answer is what became of it (undefined: it was told, or forgotten).
   */
  claim(
    notice: Notice,
    until: number,
  ): Promise<{ readonly isOurs: boolean; readonly notice: Notice | undefined }>
  /**
   * Strikes out a notice that was sent, or writes down when it is tried next; needs no lease. False where a newer one
   * has taken its place, which is left alone.
   */
  conclude(notice: Notice, next: Notice | undefined): Promise<boolean>
}

export type AlertChange =
  | { readonly type: 'put-group'; readonly group: AlertGroup }
  | { readonly type: 'drop-group'; readonly group: Pick<AlertGroup, 'alert' | 'id'> }
  /** Takes the place of the one that this receiver was to get about this group. */
  | { readonly type: 'put-notice'; readonly notice: Notice }
  | { readonly type: 'drop-notice'; readonly notice: Pick<Notice, 'receiver' | 'alert' | 'groupId'> }
