import { randomUUID } from 'node:crypto'
import { renderFunctions, renderSite } from './render.ts'
import { notFound, ofSite, type Route } from './route.ts'

/** Operations on sites and on what they publish. */
export const siteRoutes: readonly Route[] = [
  {
    operation: 'listSites',
    method: 'GET',
    path: '/sites',
    // The name is searched for, not compared.
    answer: ({ sites, query, isStale }) => ({
      status: 200,
      body: sites
        .filter(({ name, isVisible }) => isVisible && name.includes(query.get('name') ?? ''))
        .map((site) => renderSite(site, isStale)),
    }),
  },
  {
    operation: 'getSite',
    method: 'GET',
    path: '/sites/{site_id}',
    answer: ofSite(({ site }) => (site.isVisible ? { status: 200, body: renderSite(site) } : notFound)),
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
    answer: ({ accounts }) => ({
      status: 200,
      body: accounts.map((slug) => ({ id: slug, name: slug, slug, type: 'PRO', capabilities: {} })),
    }),
  },
]
