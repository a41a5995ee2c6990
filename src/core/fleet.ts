import type { Duration } from './duration.ts'
import type { Secret } from './secret.ts'
import type { GitSettings } from './source.ts'

/** What `kind: Fleet` says, with its defaults. */
export interface FleetSettings {
  /** The ownership mark's first part. Default `default`. */
  readonly name: string
  /** Undefined: the base alone. */
  readonly environment: string | undefined
  /** Score from which the fleet counts as healthy, 0 to 100. Default 80. */
  readonly healthTarget: number
  /** How often a kind is read without an event; undefined: the domain's default. */
  readonly intervals: Readonly<Record<string, Duration>>
  readonly deletions: { readonly max: number; readonly percent: number }
  /** How many actions of a kind run at once; undefined: the domain's default. */
  readonly concurrency: Readonly<Record<string, number>>
  readonly github: GithubRemote
  readonly netlify: Remote
  readonly pm2: { readonly home: string | undefined }
  /** Where its manifests are fetched from; undefined: they are what is in the folder. */
  readonly git?: FleetGit | undefined
  readonly historyKeep: Duration
  /** Further roots that what is read into an action may lie in; absolute, links resolved. */
  readonly allowedPaths: readonly string[]
}

export interface Remote {
  readonly apiUrl: string | undefined
  readonly token: Secret | undefined
}

export interface GithubRemote extends Remote {
  /** Instead of a token; undefined: none is declared. */
  readonly app?: GithubApp | undefined
}

/** A GitHub App. */
export interface GithubApp {
  readonly id: string
  /** Undefined: the one of each repository's owner. */
  readonly installation: string | undefined
  readonly privateKey: Secret
}

/** A repository that a fleet follows, with what only its host may be told. */
export interface FleetGit {
  readonly settings: GitSettings
  /** Undefined: none is declared. */
  readonly token: Secret | undefined
  /** What calls of the webhook are signed with; undefined: there is no webhook. */
  readonly hookSecret: Secret | undefined
}
