/** Why a wanted action is not taken now. */
export type HoldReason =
  | 'Suspended'
  | 'ObserveOnly'
  | 'DependencyNotReady'
  | 'DependencyBroken'
  | 'BackOff'
  | 'AttemptsExhausted'
  | 'Contended'
  | 'OutsideWindow'
  | 'DeletionLimit'
  | 'NotOurs'
  | 'Conflict'
  | 'ScriptMissing'
  | 'UnconfirmedOutcome'
  | 'ManifestsIncomplete'
  | 'FleetDown'
  /** Every action in its domain fails alike, so one resource at a time is tried. */
  | 'DomainRefuses'
  /** What it is made from does not bundle; it waits until that changes. */
  | 'FunctionNotBundled'
  /** The manifest does not allow it: a person's own change is not undone without being told to. */
  | 'NotAllowed'
  /** A Policy is against it. */
  | 'PolicyDenied'
  /** A saved plan is applied, and this is not in it. */
  | 'NotPlanned'
  /** Its vendor brings it back by itself; done here as well, it would be there twice. */
  | 'Returning'
  /** An instance that was updated does not come up, and the others are left as they are until it does. */
  | 'RolloutStuck'

export interface Hold {
  readonly reason: HoldReason
  /** One sentence for people, such as `waits for Process/db`. */
  readonly message: string
  /** When it ends by itself, epoch milliseconds; undefined: by an event or a person. */
  readonly until: number | undefined
}
