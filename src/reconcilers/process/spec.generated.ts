// Made from schemas/process.schema.json by `npm run generate`. Do not edit.
import type { Reference } from '../../core/secret.ts'

/**
 * What runs, and how. Only declared fields are managed.
 */
export type ProcessSpec = {
  /**
   * The name in PM2, where it differs from `metadata.name`. Not a number and not `all`: PM2's own commands would take these for something else.
   */
  readonly name?: string
  /**
   * What to run: a path relative to the manifest's own file, or, without a slash, a program found on PATH.
   */
  readonly script: string
  /**
   * Arguments of the script, one a list item; no shell reads them. Default: none.
   *
   * @maxItems 1000
   *
   * Items: One argument. Numbers and the like need quotes.
   */
  readonly args?: string[]
  /**
   * The working folder, relative to the manifest's own file. Default: the manifest's folder.
   */
  readonly cwd?: string
  /**
   * What runs the script: a program on PATH, a path, or `none` for the script itself. In cluster mode PM2 uses the Node of its own daemon. Default by the script's extension: node for .js, .mjs, .cjs, .ts, .mts and .cts, bash for .sh, python3 for .py, ruby for .rb, php for .php, perl for .pl, else none.
   */
  readonly interpreter?: string
  /**
   * Arguments of the interpreter, before the script. Default: none.
   *
   * @maxItems 1000
   *
   * Items: One argument.
   */
  readonly interpreterArgs?: string[]
  /**
   * How many of it run: 1 to 128, or `max` for one a processor. Default when it is created: 1.
   */
  readonly instances?: number | 'max'
  /**
   * `fork`, or `cluster`: instances of a Node program that share their ports. Default: fork.
   */
  readonly mode?: 'fork' | 'cluster'
  /**
   * Environment variables. It gets these, and PATH, HOME, USER, LANG, TZ, SHELL and TMPDIR; nothing else of the shell. Names that PM2 takes for its own options are refused.
   */
  readonly env?: {
    /**
     * The value: a text, or a reference to where it comes from.
     */
    readonly [k: string]: string | Reference
  }
  /**
   * PM2 restarts it when it uses more, looking every 30 seconds. Default: no limit.
   */
  readonly maxMemory?: string
  /**
   * When PM2 runs it, in the PM2 daemon's time zone: 5 fields, or 6 with seconds first. With `autorestart: false` it is a job that runs and stops; else it is restarted then. Default: none.
   */
  readonly cron?: string
  /**
   * Whether PM2 starts it again when it ends. false: a job, which runs once or by `cron`. Default: true.
   */
  readonly autorestart?: boolean
  /**
   * After how many restarts in a row, each before `minUptime`, PM2 gives up (`errored`). 0: at the first exit. Default: 16.
   */
  readonly maxRestarts?: number
  /**
   * How long it must run to count as started; an update of several instances touches the next one only then. 0s: any run counts. Default: 1s.
   */
  readonly minUptime?: string
  /**
   * How long PM2 waits before it starts it again. Default: 0s.
   */
  readonly restartDelay?: string
  /**
   * As `restartDelay`, growing by half with each restart up to 15s. Default: none.
   */
  readonly expBackoffRestartDelay?: string
  /**
   * How long it has after SIGINT before it is killed. Default: 1600ms.
   */
  readonly killTimeout?: string
  /**
   * How long a reload, or `waitReady`, waits for it. Default: 3s.
   */
  readonly listenTimeout?: string
  /**
   * Whether it counts as online only after `process.send('ready')`. Default: false.
   */
  readonly waitReady?: boolean
  /**
   * Exit codes after which PM2 does not start it again. Default: none.
   *
   * @maxItems 256
   *
   * Items: An exit code.
   */
  readonly stopExitCodes?: number[]
  /**
   * Whether PM2 restarts it when a file changes: true for its working folder, or a list of paths relative to that. Default: false.
   */
  readonly watch?: boolean | string[]
  /**
   * Paths that `watch` leaves out. Default: hidden files and node_modules. Where the state of `reconcile` lies in what is watched, it is always left out.
   *
   * @maxItems 1000
   *
   * Items: A path or a glob.
   */
  readonly watchIgnore?: string[]
  /**
   * Whether stack traces are mapped to sources. Default: true.
   */
  readonly sourceMaps?: boolean
  /**
   * Where its output goes.
   */
  readonly logs?: {
    /**
     * The file for standard output, relative to the manifest's own file. Without `merge`, PM2 puts the process's number before `.log`. Default: logs/<name>-out.log in PM2's home.
     */
    readonly out?: string
    /**
     * The file for standard error, relative to the manifest's own file. Default: logs/<name>-error.log in PM2's home.
     */
    readonly error?: string
    /**
     * Whether all instances share their files, without a number in the name. Default: true.
     */
    readonly merge?: boolean
    /**
     * Whether each line begins with the time: true, or a format of day.js. Default: false.
     */
    readonly timestamps?: boolean | string
    /**
     * Moves a file away when it has grown. The controller (`watch`) looks every 30 seconds; a single pass does not. Default: never.
     */
    readonly rotate?: {
      /**
       * From which size on a file is moved away.
       */
      readonly size: string
      /**
       * How many old files stay, as <file>.1 (the newest) and so on. Default: 5.
       */
      readonly keep?: number
    }
  }
  /**
   * Files whose change updates the process though the manifest did not change: globs relative to the manifest's own file. Default: none.
   *
   * @maxItems 100
   *
   * Items: A glob; one that begins with `!` leaves files out.
   */
  readonly sources?: string[]
  /**
   * The PM2 namespace. PM2 knows a process by its name alone, so a name stays unique across namespaces. Default: default.
   */
  readonly namespace?: string
  /**
   * How a change reaches what runs: `reload` (no gap in cluster mode; in fork mode, and for what PM2 cannot change by a reload, a restart), or `restart`. Several instances are changed one after the other, and no further where one that was changed does not come up. Default: reload.
   */
  readonly update?: 'reload' | 'restart'
  /**
   * How to see that a daemon works: exactly one of `http`, `tcp` and `exec`.
   */
  readonly health?: {
    /**
     * A GET request. Redirects are not followed.
     */
    readonly http?: {
      /**
       * The port.
       */
      readonly port: number
      /**
       * Path and query. Default: /.
       */
      readonly path?: string
      /**
       * The status that it must answer. Default: any from 200 to 299.
       */
      readonly status?: number
      /**
       * The host. Default: 127.0.0.1.
       */
      readonly host?: string
    }
    /**
     * A connection that must be accepted.
     */
    readonly tcp?: {
      /**
       * The port.
       */
      readonly port: number
      /**
       * The host. Default: 127.0.0.1.
       */
      readonly host?: string
    }
    /**
     * A command that must exit with 0, run without a shell in the process's working folder and environment. A dry run does not run it.
     */
    readonly exec?: {
      /**
       * The program and its arguments.
       *
       * @minItems 1
       * @maxItems 100
       *
       * Items: The program, or one argument of it.
       */
      readonly command: string[]
    }
    /**
     * How often it is looked at. At least 100ms. Default: 10s.
     */
    readonly interval?: string
    /**
     * How long an answer may take. Default: 2s.
     */
    readonly timeout?: string
    /**
     * After how many failures in a row it is unhealthy. Default: 3.
     */
    readonly failureThreshold?: number
    /**
     * How long after its start failures do not count. Default: 10s.
     */
    readonly startPeriod?: string
  }
}
