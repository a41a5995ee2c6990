import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import type { BusEvent } from './bus-event.ts'
import type { ConfigChange, NewProcess } from './process-config.ts'
import type { Pm2Record } from './process-record.ts'

/** What to act on. The name is checked on a fresh list before anything is sent, because ids are used again. */
export interface Pm2Target {
  readonly pmId: number
  readonly name: string
}

export interface Pm2Options {
  /** PM2_HOME, absolute. */
  readonly home: string
  readonly clock?: Clock
  /** Longest wait for an answer beyond what the call itself must take. Default 5 s. */
  readonly callTimeout?: Duration
}

/**
 * A line to the PM2 daemon of one PM2_HOME. Making it touches nothing; it connects when it is first asked, and
 * again after the daemon was lost. It never starts a daemon. Calls may run at once; those on one process wait for
 * each other.
 *
 * Every call rejects with a `ReconcileError`: `DaemonNotRunning`, `DaemonUnresponsive` (no answer to a reading, or
 * nothing sent yet), `DaemonUnsupported`, `DaemonCallFailed` (the daemon said no), `InvalidCall` (not sent, it would
 * have done harm), `OutcomeUnknown` (sent, and the answer was lost); or with the signal's reason where it was
 * aborted before anything was sent.
 */
export interface Pm2Client {
  readonly home: string
  /** All processes, in the order of their ids. Changes nothing, on disk neither. */
  list(signal?: AbortSignal): Promise<readonly Pm2Record[]>
  /**
   * Whether the daemon keeps the process that had this id aside, until a reload has ended it: it lists only the new one
   * then. Changes nothing.
   */
  keepsAside(pmId: number, signal?: AbortSignal): Promise<boolean>
  /** The daemon's version, such as `7.0.4`; `DaemonUnsupported` unless it is 6 or 7. */
  version(signal?: AbortSignal): Promise<string>
  /** Starts the instances (or registers them) and resolves with their ids when the daemon says that they run. */
  prepare(process: NewProcess, signal?: AbortSignal): Promise<readonly number[]>
  /** Stops it if it runs, applies the change, starts it. `NotFound` where there is no such process. */
  restart(target: Pm2Target, change: ConfigChange, signal?: AbortSignal): Promise<void>
  /** In cluster mode the new process listens before the old one ends; elsewhere the same as `restart`. */
  reload(target: Pm2Target, change: ConfigChange, signal?: AbortSignal): Promise<void>
  /** Stops it and its watcher. Its cron stays and starts it again: only `delete` ends that. */
  stop(target: Pm2Target, signal?: AbortSignal): Promise<void>
  /** Resolves also where it is not there any more. */
  delete(target: Pm2Target, signal?: AbortSignal): Promise<void>
  sendSignal(target: Pm2Target, name: NodeJS.Signals, signal?: AbortSignal): Promise<void>
  /**
   * Listens; what is printed by processes is passed on only with `logs`. `onEnd` is called once, when the daemon
   * is gone or was not there; not after the returned function ended it.
   */
  bus(
    onEvent: (event: BusEvent) => void,
    onEnd: () => void,
    options?: { readonly logs?: boolean },
  ): () => void
  /** Ends the connections; what waits for an answer is rejected. */
  close(): Promise<void>
}
