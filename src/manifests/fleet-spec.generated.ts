// Made from schemas/fleet.schema.json by `npm run generate`. Do not edit.
import type { Reference } from '../core/secret.ts'

/**
 * The settings. Everything has a default.
 */
export interface FleetSpec {
  /**
   * When the fleet counts as healthy.
   */
  readonly health?: {
    /**
     * The score, 0 to 100, from which the fleet counts as healthy. Default: 80.
     */
    readonly target?: number
  }
  /**
   * How often a kind is read again without an event, by kind. Default: the kind's own.
   */
  readonly intervals?: {
    /**
     * How often resources of this kind are read.
     */
    readonly [k: string]: string
  }
  /**
   * How much may be deleted in one pass. More than that is held until `--allow-deletions N`.
   */
  readonly deletions?: {
    /**
     * How many things may be deleted in one pass. Default: 5.
     */
    readonly max?: number
    /**
     * Which share of what the fleet owns may be deleted in one pass; counts from three deletions on. Default: 25.
     */
    readonly percent?: number
  }
  /**
   * How many actions of a kind run at once, by kind. Default: the kind's own.
   */
  readonly concurrency?: {
    /**
     * How many actions of this kind run at once.
     */
    readonly [k: string]: number
  }
  /**
   * How GitHub is reached.
   */
  readonly github?: {
    /**
     * The address of the API. Counts only where its host is allowed by `--allow-host`. Default: GITHUB_API_URL, then GitHub's own.
     */
    readonly apiUrl?: string
    /**
     * The token, as a reference. Default: GITHUB_TOKEN, then GH_TOKEN.
     */
    readonly token?: Reference
    /**
     * A GitHub App, instead of a token: its tokens are made when they are needed and end after an hour.
     */
    readonly app?: {
      /**
       * The App's id or client id, in quotes.
       */
      readonly id: string
      /**
       * The number of its installation, in quotes. Default: the one for each repository's owner.
       */
      readonly installation?: string
      /**
       * The App's private key as GitHub gives it (PEM), as a reference.
       */
      readonly privateKey: Reference
    }
  }
  /**
   * How Netlify is reached.
   */
  readonly netlify?: {
    /**
     * The address of the API. Counts only where its host is allowed by `--allow-host`. Default: NETLIFY_API_URL, then Netlify's own.
     */
    readonly apiUrl?: string
    /**
     * The token, as a reference. Default: NETLIFY_AUTH_TOKEN.
     */
    readonly token?: Reference
  }
  /**
   * Which PM2 is meant.
   */
  readonly pm2?: {
    /**
     * The PM2_HOME folder, absolute, relative to this file, or beginning with `~/`. Default: the variable PM2_HOME, then `~/.pm2`.
     */
    readonly home?: string
  }
  /**
   * What is remembered of the past.
   */
  readonly history?: {
    /**
     * How long events and samples are kept. Default: 30d.
     */
    readonly keep?: string
  }
  /**
   * Folders outside the fleet root that files may be read from, relative to this file. Each counts only where `--allow-path` allows it. Default: none.
   *
   * @maxItems 50
   *
   * Items: A folder.
   */
  readonly allowedPaths?: string[]
}
