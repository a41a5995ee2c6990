// Made from schemas/script-set.schema.json by `npm run generate`. Do not edit.
/**
 * Which package, and what is expected of its scripts. Only declared scripts are ever changed.
 */
export type ScriptSetSpec = {
  /**
   * The package.json, relative to the manifest's own file and inside the fleet root once links are resolved.
   */
  readonly package: string
  /**
   * Scripts that must exist and resolve; without one of them the set is Degraded, whatever `resolve` says. Default: none.
   *
   * @maxItems 2000
   *
   * Items: The name of a script, as it stands in package.json: no white space at its ends, no control character, not beginning with `-` (npm takes that for an option).
   */
  readonly required?: string[]
  /**
   * Whose findings lower health. `all`: the files, binaries, `npm run` targets and hooks of every script must exist; `required`: those of the required scripts and of what they run; `none`: findings are only told. Default: all.
   */
  readonly resolve?: 'all' | 'required' | 'none'
  /**
   * Scripts with their exact text: restored in package.json where they differ, its formatting kept. Nothing else in that file is ever changed. Default: none.
   */
  readonly scripts?: {
    /**
     * The exact text of the script.
     */
    readonly [k: string]: string
  }
  /**
   * Scripts that `reconcile run` tries in order when a script fails. Default: none.
   */
  readonly fallbacks?: {
    /**
     * What is tried, in order.
     *
     * @minItems 1
     * @maxItems 20
     *
     * Items: The name of a script, as it stands in package.json: no white space at its ends, no control character, not beginning with `-` (npm takes that for an option).
     */
    readonly [k: string]: string[]
  }
  /**
   * How often `reconcile run` tries a script again before it goes on to its fallbacks; the pauses are those of `recovery.backoff`. Default: 0.
   */
  readonly retries?: {
    /**
     * Further tries, from 0 to 10.
     */
    readonly [k: string]: number
  }
  /**
   * Scripts that are run on a schedule: the exit code is their health. They get CI=1, PATH, HOME, USER, LANG, TZ, SHELL and TMPDIR, and nothing else of the shell. Default: none.
   */
  readonly checks?: {
    /**
     * When a script is run, and how long it may take.
     */
    readonly [k: string]: {
      /**
       * The time from the end of one run to the start of the next, at least 1s.
       */
      readonly every: string
      /**
       * How long a run may take, from 100ms to 24h; then its whole process group is ended. Default: 5m.
       */
      readonly timeout?: string
    }
  }
}
