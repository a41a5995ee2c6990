import type { Clock } from '../../core/clock.ts'
import { ReconcileError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { SecretMask } from '../../core/secret-mask.ts'
import { NetlifyBudget } from './budget.ts'
import type {
  DeployDigest,
  EnvVariable,
  FunctionUpload,
  NetlifyClient,
  Site,
  SiteFile,
  UnwantedVariable,
  WantedVariable,
} from './client.ts'
import { type Deploy, unfinishedStates } from './deploy-record.ts'
import { envWrites, valuesToRemove } from './env-write.ts'
import {
  parseAccounts,
  parseBuild,
  parseDeploy,
  parseDeploys,
  parseEnv,
  parseFiles,
  parseSite,
  parseSiteFunctions,
  parseSites,
} from './parse.ts'
import { type Call, Requester } from './requester.ts'
import { NetlifyTransport } from './transport.ts'

/** Netlify's own address. */
const netlifyApiUrl = 'https://api.netlify.com/api/v1'

const netlifyDeadlines = Object.freeze({
  /** Milliseconds for one request, its body included. */
  request: 60_000,
  /** Milliseconds that a page of files waits at most: a large site has more pages than Netlify takes calls in a minute. */
  listPatience: 180_000,
})

/** Sites on a page of a search, and the most pages that are asked for. */
const sitesPerPage = 100
const mostPages = 50

/** Above this many entries Netlify wants to compare them in its own time; the command line tool does the same. */
const asyncFrom = 100

export interface NetlifyOptions {
  /** Default: Netlify's own. */
  readonly apiUrl: string | undefined
  readonly token: Secret
  readonly clock: Clock
  /** What must not be seen of Netlify's answers. */
  readonly mask?: SecretMask | undefined
  /** Milliseconds for one request; default `netlifyDeadlines.request`. */
  readonly deadline?: number
}

/** Opens the client; sends nothing yet. */
export function openNetlify(options: NetlifyOptions): NetlifyClient {
  return new ApiClient(options)
}

function fileList(siteId: string) {
  const what = 'list the files of the site'
  return { what, operation: 'listSiteFiles' as const, path: { site_id: siteId }, parse: parseFiles }
}

class ApiClient implements NetlifyClient {
  readonly #requester: Requester
  readonly #budget: NetlifyBudget

  constructor({ apiUrl, token, clock, mask, deadline }: NetlifyOptions) {
    this.#budget = new NetlifyBudget(clock)
    const transport = new NetlifyTransport({
      apiUrl: (apiUrl ?? netlifyApiUrl).replace(/\/+$/, ''),
      authorization: `Bearer ${token.reveal()}`,
      budget: this.#budget,
      clock,
      mask,
      deadline: deadline ?? netlifyDeadlines.request,
    })
    this.#requester = new Requester(transport)
  }

  get used(): number {
    return this.#budget.used
  }

  get remaining(): number | undefined {
    return this.#budget.remaining
  }

  get clockAhead(): number {
    return this.#budget.clockAhead
  }

  async findSite(nameOrId: string, signal: AbortSignal): Promise<Site | undefined> {
    const what = `read the site ${nameOrId}`
    if (isSiteId(nameOrId)) {
      const path = { site_id: nameOrId }
      return this.#requester.find({ what, operation: 'getSite', path, signal, parse: parseSite })
    }
    // The name is searched for, not compared: `app` is in many names, and the one that is meant on any page.
    for (let page = 1; page <= mostPages; page += 1) {
      const query = { name: nameOrId, filter: 'all', page: String(page), per_page: String(sitesPerPage) }
      const sites = await this.#requester.read({
        what,
        operation: 'listSites',
        query,
        signal,
        parse: parseSites,
      })
      const found = sites.find((site) => site.name === nameOrId)
      if (found || sites.length < sitesPerPage) return found
    }
    throw new ReconcileError(
      'RemoteAnswerInvalid',
      `Could not ${what}: Netlify lists more than ${mostPages * sitesPerPage} sites of that name; give its id`,
    )
  }

  async getDeploy(siteId: string, deployId: string, signal: AbortSignal): Promise<Deploy> {
    const what = `read the deploy ${deployId}`
    const path = { site_id: siteId, deploy_id: deployId }
    const deploy = await this.#requester.read({
      what,
      operation: 'getSiteDeploy',
      path,
      signal,
      parse: parseDeploy,
    })
    // What is published may have another name: Netlify's own pages have had `current` and `old`.
    if (deploy.functions || unfinishedStates.has(deploy.state)) return deploy
    const functions = await this.#requester.read({
      what: 'read the functions of the site',
      operation: 'searchSiteFunctions',
      path: { site_id: siteId },
      signal,
      parse: parseSiteFunctions,
    })
    return { ...deploy, functions }
  }

  listDeploys(siteId: string, signal: AbortSignal): Promise<readonly Deploy[]> {
    const what = 'list the deploys of the site'
    const path = { site_id: siteId }
    return this.#requester.read({
      what,
      operation: 'listSiteDeploys',
      path,
      query: { per_page: '30' },
      signal,
      parse: parseDeploys,
    })
  }

  listFiles(siteId: string, signal: AbortSignal): Promise<readonly SiteFile[]> {
    return this.#requester.readAll({ ...fileList(siteId), patience: netlifyDeadlines.listPatience, signal })
  }

  listFewFiles(siteId: string, signal: AbortSignal): Promise<readonly SiteFile[] | undefined> {
    return this.#requester.readFew({ ...fileList(siteId), signal })
  }

  listAccounts(signal: AbortSignal): Promise<readonly string[]> {
    const what = 'list the teams of the credential'
    return this.#requester.readAll({ what, operation: 'listAccountsForUser', signal, parse: parseAccounts })
  }

  listEnv(site: Site, signal: AbortSignal): Promise<readonly EnvVariable[]> {
    return this.#requester.readAll({
      what: 'read the environment variables of the site',
      operation: 'getEnvVars',
      path: { account_id: site.account },
      query: { site_id: site.id },
      signal,
      parse: parseEnv,
    })
  }

  createDeploy(
    siteId: string,
    deploy: { readonly title: string; readonly digest: DeployDigest },
    signal: AbortSignal,
  ): Promise<Deploy> {
    const { files, functions, schedules, config } = deploy.digest
    const entries = Object.keys(files).length + Object.keys(functions).length
    const body = {
      files,
      functions,
      function_schedules: Object.entries(schedules).map(([name, cron]) => ({ name, cron })),
      functions_config: config,
      draft: false,
      async: entries > asyncFrom,
    }
    return this.#requester.write(
      {
        what: 'begin a deploy',
        operation: 'createSiteDeploy',
        path: { site_id: siteId },
        query: { title: deploy.title },
        signal,
        parse: parseDeploy,
      },
      body,
    )
  }

  async uploadFunction(deployId: string, upload: FunctionUpload, signal: AbortSignal): Promise<void> {
    const { name, zip, runtime, invocationMode, timeout } = upload
    const call: Call = {
      what: `upload the function ${name}`,
      operation: 'uploadDeployFunction',
      path: { deploy_id: deployId, name },
      query: {
        runtime,
        invocation_mode: invocationMode,
        timeout: timeout === undefined ? undefined : String(timeout),
        size: String(zip.byteLength),
      },
      signal,
    }
    await this.#requester.upload(call, zip)
  }

  async cancelDeploy(deployId: string, signal: AbortSignal): Promise<void> {
    const what = `cancel the deploy ${deployId}`
    await this.#requester.write(
      { what, operation: 'cancelSiteDeploy', path: { deploy_id: deployId }, signal },
      undefined,
      [404, 422],
    )
  }

  async restoreDeploy(siteId: string, deployId: string, signal: AbortSignal): Promise<void> {
    const path = { site_id: siteId, deploy_id: deployId }
    await this.#requester.write({
      what: `publish the deploy ${deployId} again`,
      operation: 'restoreSiteDeploy',
      path,
      signal,
    })
  }

  startBuild(siteId: string, title: string, signal: AbortSignal): Promise<string> {
    return this.#requester.write({
      what: 'start a build',
      operation: 'createSiteBuild',
      path: { site_id: siteId },
      query: { title },
      signal,
      parse: parseBuild,
    })
  }

  async setEnv(site: Site, variable: WantedVariable, signal: AbortSignal): Promise<void> {
    const { key } = variable
    const what = `set the environment variable ${key}`
    const path = { account_id: site.account, key }
    for (const { operation, body } of envWrites(variable)) {
      await this.#requester.write({ what, operation, path, query: { site_id: site.id }, signal }, body)
    }
  }

  async deleteEnv(site: Site, gone: UnwantedVariable, signal: AbortSignal): Promise<void> {
    const { key } = gone.there
    const path = { account_id: site.account, key }
    const query = { site_id: site.id }
    const values = valuesToRemove(gone)
    if (!values) {
      const what = `remove the environment variable ${key}`
      await this.#requester.write({ what, operation: 'deleteEnvVar', path, query, signal }, undefined, [404])
      return
    }
    for (const { id, context } of values) {
      const what = `remove the value of ${key} for ${context}`
      const one = { what, operation: 'deleteEnvVarValue' as const, path: { ...path, id }, query, signal }
      await this.#requester.write(one, undefined, [404])
    }
  }
}

/** Ids are UUIDs, which no site may be called. */
function isSiteId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
