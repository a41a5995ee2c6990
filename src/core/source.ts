import type { Duration } from './duration.ts'

/** A commit, as it is shown to people. Subject and author are from outside. */
export interface Commit {
  /** In full. */
  readonly id: string
  readonly subject: string
  readonly author: string
  /** Epoch milliseconds at which it was made, by the clock of whoever made it. */
  readonly at: number
}

/** Which branch of which repository a fleet follows, and how. Holds no credential. */
export interface GitSettings {
  readonly url: string
  readonly branch: string
  /** The manifests folder within the repository. */
  readonly path: string
  /** How often the branch is looked at. */
  readonly interval: Duration
  /** Where pushes are told; undefined: nowhere. */
  readonly webhook: HookAddress | undefined
  readonly signatures: SignaturePolicy | undefined
}

export interface HookAddress {
  readonly host: string
  readonly port: number
}

/** Whose signature a commit must bear. */
export type SignaturePolicy =
  /** An SSH signature by one of the keys in this file (`ssh-keygen`'s allowed signers), absolute. */
  | { readonly type: 'ssh'; readonly allowedSigners: string }
  /** A signature that the keyring of the user trusts fully. */
  | { readonly type: 'gpg' }

/** What is known of the repository that a fleet follows. Written by whoever holds the lease. */
export interface SourceRecord {
  readonly git: GitSettings
  /** Where the settings stand: on the command line, or in the Fleet of `from`. */
  readonly saidBy: 'flags' | 'fleet'
  /** The manifests folder from which the controller was started, absolute; it need not exist. */
  readonly from: string
  /** The manifests folder of the work tree, absolute. */
  readonly folder: string
  /** What the fleet is to be like: the work tree is brought to it before it is read. Undefined: nothing was good yet. */
  readonly applied: Commit | undefined
  /** Epoch milliseconds since when it is that. */
  readonly appliedAt: number
  /** What the branch was at when it was last seen; undefined: it was never seen, or is gone. */
  readonly tip: string | undefined
  /** Why the newest commit is not taken; undefined: it is, or is not known. */
  readonly refused: { readonly commit: Commit; readonly message: string; readonly since: number } | undefined
  /** Why the newest commit is not known. */
  readonly trouble: SourceTrouble | undefined
  /** Those that were taken, newest first, bounded: what can be rolled back to. */
  readonly good: readonly Commit[]
  /** By which policy the signatures of `applied` and `good` were verified, as a fingerprint; undefined: by none. */
  readonly verifiedBy: string | undefined
}

export interface SourceTrouble {
  readonly reason: 'BranchMissing' | 'SourceUnreadable' | 'SourceFailed'
  readonly message: string
  readonly since: number
}

/** Keeps a fleet at a commit, whatever is pushed, until a person resumes it. */
export interface SourcePin {
  readonly commit: string
  readonly by: string | undefined
  /** Epoch milliseconds. */
  readonly at: number
}

/** What is followed where nothing else is said. Milliseconds. */
export const sourceDefaults = Object.freeze({ branch: 'main', path: 'manifests', interval: 60_000 })

/** How many good commits are kept for a rollback. */
export const mostGood = 10

/** The beginning of a commit's id: as much as people say. */
export function shortId(id: string): string {
  return id.slice(0, 7)
}

/** What was good after the commit that the fleet is at: a person held it there, and no other was good since. */
export function passedOver({ good, applied }: SourceRecord): Commit | undefined {
  const [newest] = good
  return applied && newest?.id !== applied.id ? newest : undefined
}

/** `git:https://github.com/acme/fleet.git#main:manifests`: what the state of a fleet that follows it belongs to. */
export function originOf({ url, branch, path }: Pick<GitSettings, 'url' | 'branch' | 'path'>): string {
  return `git:${url}#${branch}:${path}`
}

/** `9444`, `127.0.0.1:9444`, `[::1]:9444`; undefined: it has no port that exists. */
export function readHookAddress(listen: string): HookAddress | undefined {
  const cut = listen.lastIndexOf(':')
  const port = Number(listen.slice(cut + 1))
  if (!/^\d{1,5}$/.test(listen.slice(cut + 1)) || port < 1 || port > 65_535) return undefined
  const host = cut < 0 ? '127.0.0.1' : listen.slice(0, cut).replace(/^\[(.*)\]$/, '$1')
  return host === '' ? undefined : Object.freeze({ host, port })
}
