import type { Deploy } from './deploy-record.ts'

/**
 * Netlify as this program uses it. Reads may be repeated; writes are sent once, and where their answer is lost they
 * reject with `OutcomeUnknown`, but for uploads, which put the same bytes to the same place. Every call has a deadline.
 */
export interface NetlifyClient {
  /** A site by its id or its name; undefined: there is none that the credential can see. */
  findSite(nameOrId: string, signal: AbortSignal): Promise<Site | undefined>
  getDeploy(siteId: string, deployId: string, signal: AbortSignal): Promise<Deploy>
  /** The newest deploys, newest first. */
  listDeploys(siteId: string, signal: AbortSignal): Promise<readonly Deploy[]>
  /** All files of the published deploy. */
  listFiles(siteId: string, signal: AbortSignal): Promise<readonly SiteFile[]>
  /** The same, where they are a thousand at most; undefined: there are more. */
  listFewFiles(siteId: string, signal: AbortSignal): Promise<readonly SiteFile[] | undefined>
  /** The names, in addresses, of the teams that the credential sees. */
  listAccounts(signal: AbortSignal): Promise<readonly string[]>
  listEnv(site: Site, signal: AbortSignal): Promise<readonly EnvVariable[]>

  /** Begins a deploy: Netlify answers what it lacks. It goes live by itself when it has everything. */
  createDeploy(
    siteId: string,
    deploy: { readonly title: string; readonly digest: DeployDigest },
    signal: AbortSignal,
  ): Promise<Deploy>
  uploadFunction(deployId: string, upload: FunctionUpload, signal: AbortSignal): Promise<void>
  /** Ends a deploy that is not ready. One that is over already is left as it is. */
  cancelDeploy(deployId: string, signal: AbortSignal): Promise<void>
  /** Publishes an older deploy again. */
  restoreDeploy(siteId: string, deployId: string, signal: AbortSignal): Promise<void>
  /** Starts the site's own build; the id of the deploy that it makes, empty: not told. */
  startBuild(siteId: string, title: string, signal: AbortSignal): Promise<string>
  setEnv(site: Site, variable: WantedVariable, signal: AbortSignal): Promise<void>
  /** Removes the values of these contexts, and the whole variable where it has no others. */
  deleteEnv(site: Site, gone: UnwantedVariable, signal: AbortSignal): Promise<void>

  /** Calls that counted against the limit, and how many are left; undefined: not told yet. */
  readonly used: number
  readonly remaining: number | undefined
  /** How much Netlify's clock is ahead of ours, in ms. */
  readonly clockAhead: number
}

export interface Site {
  readonly id: string
  readonly name: string
  /** Where it is published. */
  readonly url: string
  readonly adminUrl: string
  /** The account's name in addresses. */
  readonly account: string
  /** The repository that it is linked to; undefined: none. */
  readonly repository: string | undefined
  /** `prevent_non_git_prod_deploys`. */
  readonly refusesOtherDeploys: boolean
  /** Undefined: nothing was ever published. */
  readonly publishedId: string | undefined
}

export interface SiteFile {
  /** Begins with a slash. */
  readonly path: string
  /** SHA-1 of its content. */
  readonly sha: string
}

/** All that a deploy consists of, by digests: what is not listed disappears from the site. */
export interface DeployDigest {
  readonly files: Readonly<Record<string, string>>
  readonly functions: Readonly<Record<string, string>>
  readonly schedules: Readonly<Record<string, string>>
  /** Per function, as Netlify's description has it (`routes`, `priority`, ...). */
  readonly config: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface FunctionUpload {
  readonly name: string
  readonly zip: Uint8Array
  readonly runtime: string
  readonly invocationMode: string | undefined
  /** Seconds. */
  readonly timeout: number | undefined
}

export interface EnvVariable {
  readonly key: string
  readonly isSecret: boolean
  /** Empty: not told. */
  readonly scopes: readonly string[]
  readonly values: readonly EnvValue[]
}

export interface EnvValue {
  readonly id: string
  readonly context: string
  /** The branch, where the context is one. */
  readonly parameter: string | undefined
  readonly value: string
}

export interface WantedVariable {
  readonly key: string
  readonly value: string
  /** Its value cannot be read back then. */
  readonly isSecret: boolean
  /** As the site has it; undefined: it does not. What it says of other contexts is left as it is. */
  readonly there: EnvVariable | undefined
}

export interface UnwantedVariable {
  readonly there: EnvVariable
  readonly contexts: readonly string[]
}
