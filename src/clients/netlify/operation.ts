/** One call of Netlify's API. */
interface Operation {
  readonly verb: string
  /** With `{names}` in it. */
  readonly path: string
}

/**
 * The calls that are made, by the names that Netlify's published description gives them. A test holds them to it; it is
 * not asked when the program runs, because it is 700 KB.
 */
export const operations = Object.freeze({
  listAccountsForUser: { verb: 'GET', path: '/accounts' },
  getEnvVars: { verb: 'GET', path: '/accounts/{account_id}/env' },
  createEnvVars: { verb: 'POST', path: '/accounts/{account_id}/env' },
  updateEnvVar: { verb: 'PUT', path: '/accounts/{account_id}/env/{key}' },
  setEnvVarValue: { verb: 'PATCH', path: '/accounts/{account_id}/env/{key}' },
  deleteEnvVar: { verb: 'DELETE', path: '/accounts/{account_id}/env/{key}' },
  deleteEnvVarValue: { verb: 'DELETE', path: '/accounts/{account_id}/env/{key}/value/{id}' },
  listSites: { verb: 'GET', path: '/sites' },
  getSite: { verb: 'GET', path: '/sites/{site_id}' },
  searchSiteFunctions: { verb: 'GET', path: '/sites/{site_id}/functions' },
  listSiteFiles: { verb: 'GET', path: '/sites/{site_id}/files' },
  createSiteBuild: { verb: 'POST', path: '/sites/{site_id}/builds' },
  listSiteDeploys: { verb: 'GET', path: '/sites/{site_id}/deploys' },
  createSiteDeploy: { verb: 'POST', path: '/sites/{site_id}/deploys' },
  getSiteDeploy: { verb: 'GET', path: '/sites/{site_id}/deploys/{deploy_id}' },
  restoreSiteDeploy: { verb: 'POST', path: '/sites/{site_id}/deploys/{deploy_id}/restore' },
  cancelSiteDeploy: { verb: 'POST', path: '/deploys/{deploy_id}/cancel' },
  uploadDeployFunction: { verb: 'PUT', path: '/deploys/{deploy_id}/functions/{name}' },
} satisfies Readonly<Record<string, Operation>>)

export type OperationName = keyof typeof operations

/** The path with its names filled in, each as one segment; `path` may hold slashes. */
export function fillPath(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined || value === '') throw new TypeError(`No ${name} for ${template}`)
    return encodeURIComponent(value)
  })
}
