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
     * The address of the API. Counts only where its host is allowed by `--allow-host`; http to another machine only by `--allow-host http://HOST`. Default: GITHUB_API_URL, then GitHub's own.
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
     * The address of the API. Counts only where its host is allowed by `--allow-host`; http to another machine only by `--allow-host http://HOST`. Default: NETLIFY_API_URL, then Netlify's own.
     */
    readonly apiUrl?: string
    /**
     * The token, as a reference. Default: NETLIFY_AUTH_TOKEN.
     */
    readonly token?: Reference
  }
  /**
   * Where the manifests are fetched from: `watch` and `start` follow a branch, and reconcile exactly its newest good commit. Counts only in the Fleet of the folder that they are started in, never in one that was fetched.
   */
  readonly git?: {
    /**
     * The address of the repository: https, ssh (`git@host:path` too), git, an absolute path, and plain http on this machine. Without name and password.
     */
    readonly url: string
    /**
     * The branch that is followed. Default: `main`.
     */
    readonly branch?: string
    /**
     * The manifests folder within the repository. Default: `manifests`.
     */
    readonly path?: string
    /**
     * How often the branch is looked at; a webhook tells of a push at once. Default: 1m.
     */
    readonly interval?: string
    /**
     * The token for an https address, as a reference. Sent only to its host, which `--allow-host` must name unless it is github.com. Default: the variable RECONCILE_GIT_TOKEN.
     */
    readonly token?: Reference
    /**
     * Where pushes are told, as GitHub, Gitea and Forgejo do it. A call is only a hint to look at the branch.
     */
    readonly webhook?: {
      /**
       * Port, or address and port, in quotes. Without an address it listens on 127.0.0.1 alone.
       */
      readonly listen: string
      /**
       * What calls are signed with (`X-Hub-Signature-256`), as a reference.
       */
      readonly secret: Reference
    }
    /**
     * Takes a commit only if it bears a signature that is trusted. Default: any commit is taken.
     */
    readonly requireSignedCommits?: {
      /**
       * The file that lists the SSH keys that may sign (`man ssh-keygen`, ALLOWED SIGNERS), absolute or relative to this file. It lies outside of the repository that is fetched.
       */
      readonly allowedSigners?: string
      /**
       * OpenPGP signatures count, by keys that the keyring of the controller's user trusts fully.
       */
      readonly keyring?: true
    }
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
