import { createHash, randomUUID } from 'node:crypto'
import { renderDeploy } from './render.ts'
import { type Asked, type OfDeploy, ofDeploy, ofSite, type Route, refuse, tooMany } from './route.ts'
import type { SimulatedDeploy } from './world.ts'

/** Bytes of one zip; Netlify's documented limit. */
const largestFunction = 50 * 1024 * 1024

/** "Deploys are rate limited to 3 deploys/minute" (answers.netlify.com 70319). */
const deploysAMinute = 3

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

/** Operations on deploys. */
export const deployRoutes: readonly Route[] = [
  {
    operation: 'listSiteDeploys',
    method: 'GET',
    path: '/sites/{site_id}/deploys',
    answer: ofSite(({ site, isStale }) => ({
      status: 200,
      // The newest one is not in it yet.
      body: site.deploys
        .slice(0, isStale ? -1 : undefined)
        .reverse()
        .map((deploy) => renderDeploy(site, deploy, true)),
    })),
  },
  {
    operation: 'createSiteDeploy',
    method: 'POST',
    path: '/sites/{site_id}/deploys',
    answer: ofSite((asked) => {
      const { site, json, query } = asked
      if (site.deploysWithin(60_000) >= deploysAMinute) return tooMany
      const deploy = site.begin({
        title: query.get('title') ?? '',
        isDraft: json.draft === true,
        isAsync: json.async === true,
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
      Object.assign(deploy, digestOf(json), { isAsync: json.async === true })
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
      if (deploy.state === 'preparing') return refuse('The deploy is not prepared yet')
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
      if (deploy.state === 'preparing') return refuse('The deploy is not prepared yet')
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
]
