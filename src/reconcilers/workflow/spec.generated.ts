// Made from schemas/workflow.schema.json by `npm run generate`. Do not edit.
/**
 * Which workflow, and how it must be. Only declared fields are managed.
 */
export type WorkflowSpec = {
  /**
   * The repository, as `OWNER/NAME`.
   */
  readonly repository: string
  /**
   * The workflow's file in the repository; it lies in `.github/workflows/`.
   */
  readonly path: string
  /**
   * Whether it may run. `disabled` is kept too: enabled by hand, it is disabled again.
   */
  readonly state?: 'active' | 'disabled'
  /**
   * Which reasons of being disabled may be undone: `inactivity` (GitHub did it, after 60 days without activity), `manual` (a person did it; also what a fork starts with). What we disabled ourselves is always enabled again. Default: inactivity.
   *
   * @maxItems 2
   *
   * Items: A reason that may be undone.
   */
  readonly reenable?: ('inactivity' | 'manual')[]
  /**
   * A file here, relative to the manifest's own: the workflow's content on `branch` equals it. Inside the fleet root. Default: the content is not managed.
   */
  readonly source?: string
  /**
   * How a changed `source` reaches the branch: by a `commit`, or by a `pull-request` that a person merges. Default: commit.
   */
  readonly delivery?: 'commit' | 'pull-request'
  /**
   * The branch that is judged, synchronised and dispatched. Default: main.
   */
  readonly branch?: string
  /**
   * When its runs count as healthy, and what is done otherwise. Default: runs are not judged.
   */
  readonly green?: {
    /**
     * The newest completed run was started at most so long ago. Default: any age.
     */
    readonly within?: string
    /**
     * Only runs of these events count. Default: every event but pull requests.
     *
     * @minItems 1
     * @maxItems 40
     *
     * Items: The name of an event, as under `on:` in a workflow.
     */
    readonly events?: string[]
    /**
     * What is done about a failed run, within `recovery`: its failed jobs are run again, all of it is, or a new run is started. Default: none.
     */
    readonly onFailure?: 'rerun-failed' | 'rerun' | 'dispatch' | 'none'
    /**
     * What is done where no run was started within `within`, or none ever. Default: none.
     */
    readonly onStale?: 'dispatch' | 'none'
    /**
     * Runs that ended so do not count; the one before counts. Default: cancelled, skipped.
     *
     * @maxItems 10
     *
     * Items: How a run ended.
     */
    readonly ignoreConclusions?: (
      | 'action_required'
      | 'cancelled'
      | 'failure'
      | 'neutral'
      | 'skipped'
      | 'stale'
      | 'startup_failure'
      | 'timed_out'
    )[]
  }
  /**
   * What is given to a run that we start. Where it is declared, also empty, a fallback is started once when it is called upon. The workflow needs `on: workflow_dispatch`.
   */
  readonly dispatch?: {
    /**
     * The inputs, by name; GitHub takes 25 at most. Numbers and booleans need quotes.
     */
    readonly inputs?: {
      /**
       * The value of an input.
       */
      readonly [k: string]: string
    }
  }
}
