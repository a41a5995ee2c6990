import type { Duration } from '../../core/duration.ts'
import type { Json } from '../../core/store.ts'
import type { Pm2Mode } from './process-record.ts'

/** What a process is, in the daemon's terms; paths are absolute. Every field of it can be changed by a restart. */
export interface ProcessConfig {
  readonly name: string
  /** Default `default`. */
  readonly namespace?: string
  /** Absolute path of the script, or of the program where the interpreter is `none`. */
  readonly execPath: string
  readonly args?: readonly string[]
  readonly cwd: string
  /** `node` (found on the PATH of `env`), a path, or `none`. Cluster mode takes the daemon's own Node. */
  readonly interpreter: string
  readonly nodeArgs?: readonly string[]
  readonly mode: Pm2Mode
  /** The whole environment; never empty (PM2 ignores an empty one) and without PM2's own option names. */
  readonly env: Readonly<Record<string, string>>
  /** Bytes; at least 1. */
  readonly maxMemoryRestart?: number
  readonly cronRestart?: string
  readonly autorestart?: boolean
  readonly maxRestarts?: number
  readonly minUptime?: Duration
  /** 0 is sent as none: with a delay set, PM2 calls what it gave up `waiting restart` for ever. */
  readonly restartDelay?: Duration
  /** 0 is sent as none, as above. */
  readonly expBackoffRestartDelay?: Duration
  /** At least 1: the daemon takes 0 for its default. */
  readonly killTimeout?: Duration
  readonly waitReady?: boolean
  /** At least 1: the daemon takes 0 for its default. */
  readonly listenTimeout?: Duration
  readonly stopExitCodes?: readonly number[]
  /** Default `<home>/logs/<name>-out.log`. `/dev/null` keeps none. Its folder is made. */
  readonly outLogPath?: string
  /** Default `<home>/logs/<name>-error.log`. */
  readonly errLogPath?: string
  /** Default true. False: each process has its own files, see `logPathOf`. */
  readonly mergeLogs?: boolean
  /** Day.js format put before each line. */
  readonly logDateFormat?: string
  readonly sourceMapSupport?: boolean
  /** Our own field: an object, or it would reach the child's environment. */
  readonly reconciled?: { readonly [key: string]: Json }
  /** Our own field, a text: it reaches the child's environment, and says there whose it is when PM2 knows it no more. */
  readonly reconciledAs?: string
}

/** Fields that have a default in PM2, and can be taken back. */
export type OptionalField = {
  [Field in keyof ProcessConfig]-?: undefined extends ProcessConfig[Field] ? Field : never
}[keyof ProcessConfig]

/** A process to be. */
export interface NewProcess extends ProcessConfig {
  /** How many are added under the name, besides those that are there. 1 to 128. */
  readonly instances: number
  /** Known to PM2, and started by its cron alone: nothing runs until then. */
  readonly registerOnly?: boolean
  /**
   * True: the working folder; or paths and globs. PM2 arms a watcher only when it creates a process: to change
   * it, delete and create.
   */
  readonly watch?: boolean | readonly string[]
  readonly ignoreWatch?: readonly string[]
}

/** What a restart or a reload changes; a field that is not named stays as it is. */
export interface ConfigChange {
  /** `env`, where given, is the whole new one: variables that it leaves out are dropped from the child. */
  readonly set?: Partial<ProcessConfig>
  /** Back to PM2's default. */
  readonly unset?: readonly OptionalField[]
  /** Further variables to drop, which the child has although the record's `env` does not name them. */
  readonly dropEnv?: readonly string[]
}
