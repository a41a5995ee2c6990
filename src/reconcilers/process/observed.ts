import type { Ending } from '../../clients/pm2/endings.ts'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Duration } from '../../core/duration.ts'

/** What was seen of one PM2 name, with the facts around it that judging needs. */
export interface ObservedProcess {
  /** All processes of that name, by `pmId`. Empty: none is registered, or no daemon runs. */
  readonly records: readonly Pm2Record[]
  /** Undefined: no daemon runs, so that nothing is registered. */
  readonly daemonVersion: string | undefined
  /** PM2_HOME, absolute. */
  readonly home: string
  /** What a watch is to leave out, our own state included; undefined: what is declared. */
  readonly watchIgnore: readonly string[] | undefined
  /** What every process is given, as it would be for one that is created now. */
  readonly base: Readonly<Record<string, string>>
  /** Processors of this machine: what `instances: max` means. */
  readonly processors: number
  /** Those pids of the records that the operating system knows. */
  readonly livePids: readonly number[]
  /** Paths of state stores that records' marks name and that still exist. */
  readonly livingStores: readonly string[]
  /**
   * Processes of that name that PM2 does not know: a daemon was killed and left them behind, or lost them. Where the
   * name is no longer declared, only those that were started with a mark of ours.
   */
  readonly leftBehind: readonly number[]
  /**
   * Until when, in epoch milliseconds, PM2 may still bring back copies that it had saved and does not list yet; undefined:
   * nothing more is expected.
   */
  readonly returningUntil: number | undefined
  /** The declared script, interpreter or working folder that does not exist, as a sentence; undefined: all is there. */
  readonly missing: string | undefined
  /** Those working folders of the records where nothing is any more. */
  readonly goneFolders: readonly string[]
  /** Hash of the files that `sources` names; undefined: none are declared. */
  readonly sourcesHash: string | undefined
  /** By `pmId`, how long what has just stopped is waited for: it may be in the middle of a restart. */
  readonly settling: ReadonlyMap<number, Duration>
  /** By `pmId`, how those ended of which PM2 says exit code 0; without those of which its log does not say it. */
  readonly endings: ReadonlyMap<number, Ending>
  /** By `pmId`, those that should listen and did not in the time that PM2 gave them when it reloaded them. */
  readonly deaf: ReadonlySet<number>
  /** The line of the error log of one that died that names the error, without secrets; undefined: none. */
  readonly lastWords: string | undefined
  /** Undefined: no probe is declared, or nothing runs that it could look at. */
  readonly probe: ProbeState | undefined
}

/** What a probe has seen of the process that runs now. */
export interface ProbeState {
  /** `unasked`: an `exec` probe that may not be run now. `pending`: it was asked, and has not answered yet. */
  readonly verdict: 'passed' | 'failed' | 'pending' | 'unasked'
  /** Failures in a row, after the start period. */
  readonly failures: number
  /** Whether it has passed since the process started. */
  readonly hasPassed: boolean
  /** Epoch milliseconds of the last answer; undefined: none yet. */
  readonly at: number | undefined
  /** How long after this look it is asked again; undefined: it is not. */
  readonly nextIn: Duration | undefined
  /** How long the last answer took. */
  readonly tookMs: number | undefined
  /** Why it failed, or was not asked; holds no secret. */
  readonly message: string
}
