import { createHash, randomUUID } from 'node:crypto'
import { renderDeploy, renderFunctions, renderSite } from './render.ts'
import type { SimulatedDeploy, SimulatedSite, SimulatedVariable } from './world.ts'

export interface Answer {
  readonly status: number
  readonly body?: unknown
}

/** One call, with what its address and its body say. */
export interface Asked {
  readonly sites: readonly SimulatedSite[]
  /** Of the address; undefined: the call is about none. */
  readonly site: SimulatedSite | undefined
  readonly deploy: SimulatedDeploy | undefined
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly json: Readonly<Record<string, unknown>>
  readonly bytes: Buffer
  /** Whether the next deploy's processing fails. */
  readonly failsProcessing: boolean
}

export interface Route {
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly answer: (asked: Asked) => Answer
}

const notFound: Answer = { status: 404, body: { code: 404, message: 'Not Found' } }
const refuse = (message: string): Answer => ({ status: 422, body: { code: 422, message } })

/** Bytes of one zip; Netlify's documented limit. */
const largestFunction = 50 * 1024 * 1024

type OfSite = Asked & { readonly site: SimulatedSite }
type OfDeploy = OfSite & { readonly deploy: SimulatedDeploy }

const ofSite =
  (answer: (asked: OfSite) => Answer) =>
  (asked: Asked): Answer =>
    asked.site ? answer({ ...asked, site: asked.site }) : notFound
const ofDeploy =
  (answer: (asked: OfDeploy) => Answer) =>
  (asked: Asked): Answer =>
    asked.site && asked.deploy ? answer({ ...asked, site: asked.site, deploy: asked.deploy }) : notFound

function digestOf(json: Asked['json']) {
  const list = Array.isArray(json.function_schedules) ? json.function_schedules : []
  return {
    files: withSlashes((json.files ?? {}) as Readonly<Record<string, string>>),
    functions: { ...((json.functions ?? {}) as Readonly<Record<string, string>>) },
    schedules: list as SimulatedDeploy['schedules'],
    config: (json.functions_config ?? {}) as SimulatedDeploy['config'],
  }
}

function withSlashes(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([path, sha]) => [path.startsWith('/') ? path : `/${path}`, sha]),
  )
}

function process({
  site,
  deploy,
  failsProcessing,
}: Pick<OfDeploy, 'site' | 'deploy' | 'failsProcessing'>): void {
  if (!failsProcessing) {
    site.advance(deploy)
    return
  }
  deploy.state = 'error'
  deploy.error = 'Failed during stage processing'
}

function withoutValues(variable: SimulatedVariable): unknown {
  const values = variable.values.map((value) =>
    variable.is_secret && value.context !== 'dev' ? { ...value, value: '' } : value,
  )
  return { ...variable, values, updated_at: '2020-01-01T00:00:00.000Z' }
}

function variableOf(json: Readonly<Record<string, unknown>>): SimulatedVariable {
  const values = (json.values ?? []) as readonly { readonly context: string; readonly value: string }[]
  return {
    key: String(json.key),
    is_secret: json.is_secret === true,
    scopes: (json.scopes ?? ['builds', 'functions', 'runtime', 'post-processing']) as readonly string[],
    values: values.map((value) => ({ id: randomUUID(), ...value })),
  }
}

const siteOfQuery = ({ sites, query }: Asked) => sites.find(({ id }) => id === query.get('site_id'))

/** The operations of Netlify's description that are played. */
export const routes: readonly Route[] = [
  {
    operation: 'listSites',
    method: 'GET',
    path: '/sites',
    // The name is searched for, not compared.
    answer: ({ sites, query }) => ({
      status: 200,
      body: sites.filter(({ name }) => name.includes(query.get('name') ?? '')).map(renderSite),
    }),
  },
  {
    operation: 'getSite',
    method: 'GET',
    path: '/sites/{site_id}',
    answer: ofSite(({ site }) => ({ status: 200, body: renderSite(site) })),
  },
  {
    operation: 'listSiteDeploys',
    method: 'GET',
    path: '/sites/{site_id}/deploys',
    answer: ofSite(({ site, query }) => ({
      status: 200,
      body: [...site.deploys]
        .reverse()
        .slice(0, Number(query.get('per_page') ?? 100))
        .map((deploy) => renderDeploy(site, deploy, true)),
    })),
  },
  {
    operation: 'createSiteDeploy',
    method: 'POST',
    path: '/sites/{site_id}/deploys',
    answer: ofSite((asked) => {
      const { site, json, query } = asked
      const deploy = site.begin({
        title: query.get('title') ?? '',
        isDraft: json.draft === true,
        ...digestOf(json),
      })
      // Without a digest it waits for one.
      if (json.files !== undefined || json.functions !== undefined) process({ ...asked, deploy })
      return { status: 200, body: renderDeploy(site, deploy) }
    }),
  },
  {
    operation: 'getSiteDeploy',
    method: 'GET',
    path: '/sites/{site_id}/deploys/{deploy_id}',
    answer: ofDeploy(({ site, deploy }) => ({ status: 200, body: renderDeploy(site, deploy) })),
  },
  {
    operation: 'updateSiteDeploy',
    method: 'PUT',
    path: '/sites/{site_id}/deploys/{deploy_id}',
    answer: ofDeploy((asked) => {
      const { site, deploy, json } = asked
      if (deploy.state === 'ready' || deploy.state === 'error') return refuse('The deploy is over')
      Object.assign(deploy, digestOf(json))
      process(asked)
      return { status: 200, body: renderDeploy(site, deploy) }
    }),
  },
  {
    operation: 'restoreSiteDeploy',
    method: 'POST',
    path: '/sites/{site_id}/deploys/{deploy_id}/restore',
    answer: ofDeploy(({ site, deploy }) => {
      if (deploy.state !== 'ready') return refuse('Only a deploy that is ready can be published')
      site.publish(deploy)
      return { status: 201, body: renderDeploy(site, deploy) }
    }),
  },
  {
    operation: 'cancelSiteDeploy',
    method: 'POST',
    path: '/deploys/{deploy_id}/cancel',
    answer: ofDeploy(({ site, deploy }) => {
      if (deploy.state === 'ready') return refuse('The deploy is over')
      deploy.state = 'error'
      deploy.error = 'Canceled'
      deploy.isCancelled = true
      return { status: 201, body: renderDeploy(site, deploy) }
    }),
  },
  ...(['lock', 'unlock'] as const).map(
    (word): Route => ({
      operation: `${word}Deploy`,
      method: 'POST',
      path: `/deploys/{deploy_id}/${word}`,
      answer: ofDeploy(({ site, deploy }) => {
        deploy.isLocked = word === 'lock'
        return { status: 200, body: renderDeploy(site, deploy) }
      }),
    }),
  ),
  {
    operation: 'uploadDeployFile',
    method: 'PUT',
    path: '/deploys/{deploy_id}/files/{path}',
    answer: ofDeploy((asked) => {
      const { site, deploy, params, bytes } = asked
      const path = `/${params.path}`
      const sha = createHash('sha1').update(bytes).digest('hex')
      if (deploy.files[path] !== sha) return refuse(`${path} is not in the digest`)
      site.addBlob(bytes)
      process(asked)
      return { status: 200, body: { id: path, path, sha, mime_type: 'text/plain', size: bytes.length } }
    }),
  },
  {
    operation: 'uploadDeployFunction',
    method: 'PUT',
    path: '/deploys/{deploy_id}/functions/{name}',
    answer: ofDeploy((asked) => {
      const { site, deploy, params, query, bytes } = asked
      const name = params.name ?? ''
      const sha = createHash('sha256').update(bytes).digest('hex')
      if (bytes.length > largestFunction) return refuse(`${name} is larger than 50 MB`)
      if (deploy.functions[name] !== sha) return refuse(`${name} is not in the digest`)
      site.zips.set(sha, bytes)
      site.runtimes.set(name, {
        runtime: query.get('runtime') ?? '',
        mode: query.get('invocation_mode') ?? undefined,
      })
      process(asked)
      return { status: 200, body: { id: randomUUID(), name, sha } }
    }),
  },
  {
    operation: 'listSiteFiles',
    method: 'GET',
    path: '/sites/{site_id}/files',
    answer: ofSite(({ site }) => ({
      status: 200,
      body: Object.entries(site.published?.files ?? {}).map(([path, sha]) => ({
        id: path,
        path,
        sha,
        mime_type: 'text/plain',
        size: site.blobs.get(sha)?.length ?? 0,
      })),
    })),
  },
  {
    operation: 'searchSiteFunctions',
    method: 'GET',
    path: '/sites/{site_id}/functions',
    answer: ofSite(({ site }) => ({
      status: 200,
      body: [{ id: site.id, functions: site.published ? renderFunctions(site, site.published) : [] }],
    })),
  },
  {
    operation: 'createSiteBuild',
    method: 'POST',
    path: '/sites/{site_id}/builds',
    answer: ofSite(({ site, query }) => {
      const deploy = site.begin({ title: query.get('title') ?? '' })
      deploy.state = 'building'
      site.builds.push(deploy.id)
      return {
        status: 200,
        body: {
          id: randomUUID(),
          deploy_id: deploy.id,
          sha: '',
          done: false,
          created_at: new Date().toISOString(),
        },
      }
    }),
  },
  {
    operation: 'listAccountsForUser',
    method: 'GET',
    path: '/accounts',
    answer: () => ({
      status: 200,
      body: [{ id: 'acme', name: 'Acme', slug: 'acme', type: 'PRO', capabilities: {} }],
    }),
  },
  {
    operation: 'getEnvVars',
    method: 'GET',
    path: '/accounts/{account_id}/env',
    answer: (asked) => ({
      status: 200,
      body: [...(siteOfQuery(asked)?.env.values() ?? [])].map(withoutValues),
    }),
  },
  {
    operation: 'createEnvVars',
    method: 'POST',
    path: '/accounts/{account_id}/env',
    answer: (asked) => {
      const site = siteOfQuery(asked)
      if (!site) return notFound
      const list = (asked.json as unknown as readonly Readonly<Record<string, unknown>>[]).map(variableOf)
      if (list.some(({ key }) => site.env.has(key))) return refuse('The variable exists')
      for (const variable of list) site.env.set(variable.key, variable)
      return { status: 201, body: list.map(withoutValues) }
    },
  },
  {
    operation: 'updateEnvVar',
    method: 'PUT',
    path: '/accounts/{account_id}/env/{key}',
    answer: (asked) => {
      const site = siteOfQuery(asked)
      const key = asked.params.key ?? ''
      if (!site?.env.has(key)) return notFound
      const variable = variableOf({ ...asked.json, key })
      site.env.set(key, variable)
      return { status: 200, body: withoutValues(variable) }
    },
  },
  {
    operation: 'deleteEnvVar',
    method: 'DELETE',
    path: '/accounts/{account_id}/env/{key}',
    answer: (asked) => {
      const site = siteOfQuery(asked)
      return site?.env.delete(asked.params.key ?? '') ? { status: 204 } : notFound
    },
  },
]
