import { ReconcileError } from '../../core/errors.ts'
import { type Fields, isFields } from '../../core/fields.ts'
import type { EnvVariable, Site, SiteFile } from './client.ts'
import type { Deploy, DeployedFunction, ProcessedRules } from './deploy-record.ts'

/** An answer that is not what it must be says nothing: neither that something is there nor that it is not. */
function invalid(what: string): ReconcileError {
  return new ReconcileError('RemoteAnswerInvalid', `Netlify's answer cannot be read: ${what}`)
}

function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw invalid(`no ${what} in it`)
  return value
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`no list of ${what} in it`)
  return value
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** An id goes into addresses: only what an id can be is taken for one. */
function idOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,100}$/.test(value))
    throw invalid(`no id of a ${what} in it`)
  return value
}

function time(value: unknown): number {
  const parsed = Date.parse(text(value))
  return Number.isFinite(parsed) ? parsed : 0
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export function parseSite(data: unknown): Site {
  const site = fieldsOf(data, 'site')
  const build =
    site.build_settings === undefined || site.build_settings === null
      ? {}
      : fieldsOf(site.build_settings, 'build settings')
  const published = site.published_deploy
  return Object.freeze({
    id: idOf(site.id, 'site'),
    name: text(site.name),
    url: text(site.ssl_url) || text(site.url),
    adminUrl: text(site.admin_url),
    account: text(site.account_slug) || text(site.account_id),
    repository: text(build.repo_url) || text(build.repo_path) || undefined,
    refusesOtherDeploys: site.prevent_non_git_prod_deploys === true,
    publishedId:
      published === undefined || published === null
        ? undefined
        : idOf(fieldsOf(published, 'deploy').id, 'deploy'),
  })
}

export function parseSites(data: unknown): readonly Site[] {
  return listOf(data, 'sites').map(parseSite)
}

export function parseDeploy(data: unknown): Deploy {
  const deploy = fieldsOf(data, 'deploy')
  return Object.freeze({
    id: idOf(deploy.id, 'deploy'),
    state: text(deploy.state),
    title: text(deploy.title),
    isLocked: deploy.locked === true,
    isDraft: deploy.draft === true,
    isForProduction: ['', 'production'].includes(text(deploy.context)),
    error: text(deploy.error_message),
    createdAt: time(deploy.created_at),
    publishedAt: time(deploy.published_at),
    requiredFiles: texts(deploy.required),
    requiredFunctions: texts(deploy.required_functions),
    schedules: schedulesIn(deploy.function_schedules),
    regions: regionsIn(deploy.functions_region_overrides),
    functions: Array.isArray(deploy.available_functions)
      ? deploy.available_functions.map(parseFunction)
      : undefined,
    rules: rulesIn(deploy),
  })
}

export function parseDeploys(data: unknown): readonly Deploy[] {
  return [...listOf(data, 'deploys').map(parseDeploy)].sort((a, b) => b.createdAt - a.createdAt)
}

/** The id of the deploy that a build makes; empty: not told. */
export function parseBuild(data: unknown): string {
  return text(fieldsOf(data, 'build').deploy_id)
}

function schedulesIn(value: unknown): ReadonlyMap<string, string> {
  const list = Array.isArray(value) ? value.map((item) => fieldsOf(item, 'schedule')) : []
  return new Map(list.map(({ name, cron }) => [text(name), text(cron)]))
}

function regionsIn(value: unknown): ReadonlyMap<string, string> {
  const list = Array.isArray(value) ? value.map((item) => fieldsOf(item, 'region')) : []
  return new Map(list.map(({ name, region }) => [text(name), text(region)]))
}

/**
 * Two shapes are known: `{functions: [...]}`, as the command line tool takes it, and a list of such, as the
 * description says.
 */
export function parseSiteFunctions(data: unknown): readonly DeployedFunction[] {
  const groups = Array.isArray(data) ? data : [data]
  return groups.flatMap((group) =>
    listOf(fieldsOf(group, 'function').functions, 'functions').map(parseFunction),
  )
}

/** Its fields have one or two letters, and no description names them: `n` the name, `d` the digest, `im` the invocation mode. */
function parseFunction(data: unknown): DeployedFunction {
  const entry = fieldsOf(data, 'function')
  const name = text(entry.n) || text(entry.name)
  if (name === '') throw invalid('a function without a name')
  const digest = [entry.d, entry.digest, entry.sha].find(
    (value): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  )
  // Only functions of the second version have routes, and only they answer as a stream; not told may be one.
  const isTold = 'im' in entry || 'invocation_mode' in entry
  const mode = text(entry.im) || text(entry.invocation_mode)
  return Object.freeze({ name, digest, hasOwnRoutes: !isTold || mode === 'stream' })
}

export function parseFiles(data: unknown): readonly SiteFile[] {
  return listOf(data, 'files').map((item) => {
    const file = fieldsOf(item, 'file')
    const path = text(file.path)
    const sha = text(file.sha)
    if (!path.startsWith('/') || !/^[0-9a-f]{40}$/.test(sha))
      throw invalid('a file without a path or a digest')
    return { path, sha }
  })
}

export function parseEnv(data: unknown): readonly EnvVariable[] {
  return listOf(data, 'variables').map((item) => {
    const variable = fieldsOf(item, 'variable')
    return {
      key: text(variable.key),
      isSecret: variable.is_secret === true,
      scopes: texts(variable.scopes),
      values: listOf(variable.values ?? [], 'values').map((value) => {
        const fields = fieldsOf(value, 'value')
        return {
          id: text(fields.id),
          context: text(fields.context),
          parameter: text(fields.context_parameter) || undefined,
          value: text(fields.value),
        }
      }),
    }
  })
}

/** What the teams of a credential are called in addresses. */
export function parseAccounts(data: unknown): readonly string[] {
  return listOf(data, 'teams').flatMap((item) => {
    const account = fieldsOf(item, 'team')
    return [text(account.slug), text(account.id)].filter((name) => name !== '')
  })
}

/** What the summary of a deploy counts, in Netlify's own sentences; undefined where there is none. */
function rulesIn(deploy: Fields): ProcessedRules | undefined {
  const { summary } = deploy
  if (summary === null || typeof summary !== 'object' || !Array.isArray((summary as Fields).messages))
    return undefined
  const titles = listOf((summary as Fields).messages, 'messages').map((message) =>
    text(fieldsOf(message, 'message').title),
  )
  const edge =
    countIn(titles, /^(\S+) edge functions?\b/i) ?? (deploy.edge_functions_present === true ? 1 : 0)
  const redirects = countIn(titles, /^(\S+) redirect rules?\b/i)
  const headers = countIn(titles, /^(\S+) header rules?\b/i)
  if (redirects === undefined || headers === undefined) return undefined
  return { redirects, headers, edgeFunctions: edge }
}

function countIn(titles: readonly string[], pattern: RegExp): number | undefined {
  for (const title of titles) {
    const word = pattern.exec(title.trim())?.[1]
    if (word === undefined) continue
    if (/^no$/i.test(word)) return 0
    if (/^all$/i.test(word)) return 1
    const count = Number(word)
    return Number.isInteger(count) ? count : undefined
  }
  return undefined
}
