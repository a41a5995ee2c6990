/** PM2's words, and whatever else a daemon says: an unknown word is kept, never guessed at. */
type Pm2Status =
  | 'online'
  | 'stopped'
  | 'stopping'
  | 'waiting restart'
  | 'launching'
  | 'errored'
  | 'one-launch-status'
  | (string & {})

/** How PM2 runs a process: `fork` by any interpreter, `cluster` by the daemon's own Node behind shared ports. */
export type Pm2Mode = 'fork' | 'cluster'

/**
 * One process as the daemon lists it. What the daemon does not say is undefined; numbers that it keeps as text
 * are numbers here; all durations are milliseconds and all sizes bytes.
 */
export interface Pm2Record {
  /** Unique among what is listed; used again once the list was empty, so act on it from a fresh list only. */
  readonly pmId: number
  readonly name: string
  readonly namespace: string
  /**
   * Undefined where there is none. In `waiting restart` it is the pid of the process that ended: ask the
   * operating system before you believe it.
   */
  readonly pid: number | undefined
  readonly status: Pm2Status
  /**
   * Whether PM2 will start it again by itself after a delay. False for `waiting restart` without a pid: so does
   * a daemon show a process that it gave up (or that ended for good) when a restart delay is set.
   */
  readonly isWaitingForRestart: boolean
  /** Absolute path of the script or program. */
  readonly execPath: string | undefined
  readonly args: readonly string[]
  readonly cwd: string | undefined
  /** `node`, a path, or `none` for a program that runs by itself. */
  readonly interpreter: string | undefined
  readonly nodeArgs: readonly string[]
  readonly mode: Pm2Mode
  /** As it was asked for when started. Not how many there are: `pm2 scale` leaves it, a resurrect drops it. */
  readonly instances: number | undefined
  /**
   * The environment that the daemon keeps apart; what a child really gets are the scalars of `raw`, of which
   * this is a part.
   */
  readonly env: Readonly<Record<string, string>>
  readonly maxMemoryRestart: number | undefined
  readonly cronRestart: string | undefined
  readonly autorestart: boolean
  readonly maxRestarts: number | undefined
  readonly minUptime: number | undefined
  readonly restartDelay: number | undefined
  readonly expBackoffRestartDelay: number | undefined
  readonly killTimeout: number | undefined
  readonly waitReady: boolean
  readonly listenTimeout: number | undefined
  /** True: the working folder; or the paths and globs that are watched. */
  readonly watch: boolean | readonly string[]
  readonly ignoreWatch: readonly string[]
  readonly stopExitCodes: readonly number[]
  readonly outLogPath: string | undefined
  readonly errLogPath: string | undefined
  /** The file of both streams together, where one is set. */
  readonly logPath: string | undefined
  readonly mergeLogs: boolean
  readonly logDateFormat: string | undefined
  /** Undefined: PM2's default, which is on. */
  readonly sourceMapSupport: boolean | undefined
  /** Counts the processes of one name from 0; the child sees it as `NODE_APP_INSTANCE`. */
  readonly instance: number | undefined
  /** Epoch milliseconds of the last start; undefined: never started. */
  readonly uptimeSince: number | undefined
  /** Epoch milliseconds of the last start, restart or reload by somebody, as against PM2's own restarts. */
  readonly createdAt: number | undefined
  /** How often it was started again, by whomever; goes on counting after `errored`. */
  readonly restartTime: number
  readonly unstableRestarts: number
  /** Of the last end; undefined: it has not ended yet. */
  readonly exitCode: number | undefined
  readonly nodeVersion: string | undefined
  /** Zero where the daemon could not measure: one process without a pid blinds it for all. */
  readonly monit: { readonly memoryBytes: number; readonly cpuPercent: number }
  /** Our own field, as it was sent; undefined on what we did not start. */
  readonly reconciled: unknown
  /** The daemon's `pm2_env` as it came. */
  readonly raw: Readonly<Record<string, unknown>>
}
