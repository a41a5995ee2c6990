import type { Action } from '../../core/action.ts'
import type { Mark } from '../../core/ownership.ts'
import type { DesiredProcess } from './place.ts'

/** What can be done to a process; each is done by its own file in `actions/`. */
export type ProcessActionType =
  /** Create it, or only register it where it is a cron job. */
  | 'start'
  /** Change it with a gap, or without one; or delete and create it, where PM2 offers nothing better. */
  | 'restart'
  | 'reload'
  | 'recreate'
  | 'scale-up'
  | 'scale-down'
  /** Start again what is stopped, gave up, or is online with no process. */
  | 'revive'
  /** Start anew what runs and does not work. */
  | 'kick'
  /** End a copy of it that runs and that PM2 does not know. */
  | 'end-lost'
  /** It is on standby and must not be there. */
  | 'stand-down'
  /** It is as declared: only our inventory learns of it. */
  | 'adopt'
  | 'delete'
  /** Never taken: a person must say what is meant. */
  | 'resolve'

/** One step, with what its `apply` needs. It decides again on a fresh list, so that doing it twice changes nothing. */
export interface ProcessAction extends Action {
  readonly type: ProcessActionType
  /** The name in PM2. */
  readonly name: string
  /** Undefined only where it is deleted. */
  readonly desired: DesiredProcess | undefined
  readonly mark: Mark
  /** Fields that we set and that are no longer declared. */
  readonly dropped: readonly string[]
  /** What the new mark says of `sources`. */
  readonly sourcesHash: string | undefined
  /** What `sources` was when a process without our mark was adopted. */
  readonly adoptedSources: string | undefined
  /** The processes that it is about; others of that name are left alone where `type` is revive, kick or delete. */
  readonly pmIds: readonly number[]
  /** Their pids when it was decided: a `kick` leaves a process that is new since then in peace. */
  readonly pids: readonly number[]
}
