// Made from schemas/alert.schema.json by `npm run generate`. Do not edit.
/**
 * What it tells, and to whom.
 */
export interface AlertSpec {
  /**
   * Who is told, as `Receiver/name`.
   *
   * @minItems 1
   * @maxItems 20
   *
   * Items: A receiver, as `Receiver/name`.
   */
  readonly receivers: string[]
  /**
   * What it tells of. `Degraded`: a resource is Degraded. `Missing`: a resource is not there, and not only because it waits for another. `RecoveryExhausted`: all attempts are used up, a person is needed. `Contended`: somebody undoes our corrections. `HealthBelowTarget`: the fleet is under its target, or something critical is not well. `ControllerError`: a manifest is broken, or a pass failed. `SuspensionEnding`: a suspension is about to end. `Unknown`: a resource cannot be read. Default: all but `Unknown`.
   *
   * @minItems 1
   * @maxItems 8
   *
   * Items: One trouble.
   */
  readonly on?: (
    | 'Degraded'
    | 'Missing'
    | 'RecoveryExhausted'
    | 'Contended'
    | 'HealthBelowTarget'
    | 'ControllerError'
    | 'SuspensionEnding'
    | 'Unknown'
  )[]
  /**
   * The least severity that it tells of. `critical`: RecoveryExhausted, HealthBelowTarget, ControllerError, and Degraded, Missing, Contended and Unknown of a resource with `critical: true`. `warning`: Degraded, Missing, Contended and Unknown of others. `info`: SuspensionEnding. Default: info.
   */
  readonly severity?: 'info' | 'warning' | 'critical'
  /**
   * Only resources of these kinds; what concerns the fleet as a whole is left out then. Default: all.
   *
   * @minItems 1
   * @maxItems 20
   *
   * Items: The kind of a resource.
   */
  readonly kinds?: string[]
  /**
   * Only resources with all of these labels; what concerns the fleet as a whole is left out then. Default: all.
   */
  readonly labels?: {
    /**
     * The value that the label must have.
     */
    readonly [k: string]: string
  }
  /**
   * What is told in one message: troubles that are alike in all of these. Default: none, so that all troubles of this alert share one message.
   *
   * @maxItems 10
   *
   * Items: `kind`, `resource`, `trouble`, `severity`, or `label:` with the key of a label.
   */
  readonly groupBy?: string[]
  /**
   * How long the first message waits for further troubles, and for those that pass by themselves. The same time must pass without any before the end is told. A one-shot pass does not wait. From 0s to 1h; default: 30s.
   */
  readonly groupWait?: string
  /**
   * How long after a message the next one comes at the earliest, where troubles were added or ended. From 1s to 1d; default: 5m.
   */
  readonly groupInterval?: string
  /**
   * How often it is said again as long as nothing changes. From 1m to 31d; default: 4h.
   */
  readonly repeatInterval?: string
  /**
   * Whether the end is told, too. Default: true.
   */
  readonly sendResolved?: boolean
  /**
   * The headline, a text with placeholders: `{{ status }}` (FIRING, RESOLVED or WITHDRAWN), `{{ fleet }}`, `{{ environment }}`, `{{ alert }}`, `{{ group }}`, `{{ severity }}`, `{{ troubles }}`, `{{ count }}`, `{{ resources }}`, `{{ list }}`, `{{ time }}`. Nothing else is evaluated. Default: one that says the same.
   */
  readonly title?: string
  /**
   * The text, with the placeholders of `title`. Default: the list of what is wrong.
   */
  readonly text?: string
}
