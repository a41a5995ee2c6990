// Made from schemas/function-set.schema.json by `npm run generate`. Do not edit.
import type { Reference } from '../../core/secret.ts'

/**
 * Which site, which directory, and how the functions must be. Only declared fields are managed.
 */
export type FunctionSetSpec = {
  /**
   * The site, by its name at Netlify or by its id.
   */
  readonly site: string
  /**
   * The folder that holds the functions, relative to the manifest's own file. Inside the fleet root.
   */
  readonly directory: string
  /**
   * Which functions are meant, by glob over their names. Default: all.
   *
   * @minItems 1
   * @maxItems 1000
   *
   * Items: A glob over names.
   */
  readonly include?: string[]
  /**
   * Which of them are not, by glob over their names: helpers that lie beside functions. Default: none.
   *
   * @maxItems 1000
   *
   * Items: A glob over names.
   */
  readonly exclude?: string[]
  /**
   * What becomes of functions on the site that are not in the directory and that we did not deploy: they stay (`keep`), they go (`prune`), or nothing is deployed while there are any (`refuse`). Default: keep.
   */
  readonly unmanaged?: 'keep' | 'prune' | 'refuse'
  /**
   * How they are deployed: by us through the API (`api`), or by the site's own build (`build`). Default: api; a site that is linked to git is only observed until one of them is said.
   */
  readonly via?: 'api' | 'build'
  /**
   * When functions run, by their names: a cron expression of 5 fields in UTC, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. It goes before what the source and netlify.toml say. Default: what they say.
   */
  readonly schedules?: {
    /**
     * A cron expression of 5 fields in UTC, or a word such as `@daily`.
     */
    readonly [k: string]: string
  }
  /**
   * Environment variables of the site. Keys that are not declared stay as they are; a change takes effect by a deploy, which follows by itself. A reference is kept as a secret at Netlify. Default: none are managed.
   */
  readonly env?: {
    /**
     * The value: a text, or a reference to where it comes from.
     */
    readonly [k: string]: string | Reference
  }
  /**
   * Requests that must succeed on the published site, after a deploy and at every reading. They are plain GET requests without a credential. Default: none.
   *
   * @maxItems 100
   *
   * Items: One request, and the answer that is expected.
   */
  readonly verify?: {
    /**
     * The function that it is about.
     */
    readonly function: string
    /**
     * What is asked of the site. Default: `/.netlify/functions/` and the name of the function; one with a `path` of its own in its source is served there alone.
     */
    readonly path?: string
    /**
     * The status of the answer. Default: 200.
     */
    readonly status?: number
    /**
     * How long the answer may take, at most 15s. Default: 10s.
     */
    readonly timeout?: string
  }[]
  /**
   * Where a deploy of ours fails its verification, the last one that passed is published again, once. Default: false.
   */
  readonly rollbackOnFailedVerify?: boolean
  /**
   * A JSON file with the names of the functions that is kept in step with the directory, relative to the manifest's own file. Inside the fleet root. Default: none.
   */
  readonly inventory?: string
}
