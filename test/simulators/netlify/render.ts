import type { SimulatedDeploy, SimulatedSite } from './world.ts'

/** A deploy as the API gives it; in lists it does not say what it lacks. */
export function renderDeploy(
  site: SimulatedSite,
  deploy: SimulatedDeploy,
  isListed = false,
): Record<string, unknown> {
  const time = (at: number) => (at === 0 ? null : new Date(at).toISOString())
  const isTold = (deploy.state === 'uploading' || deploy.state === 'prepared') && !isListed
  return {
    id: deploy.id,
    site_id: site.id,
    state: deploy.state,
    name: site.name,
    url: site.url,
    ssl_url: site.url,
    admin_url: `https://app.netlify.test/projects/${site.name}`,
    deploy_url: `${site.url}/${deploy.id}`,
    deploy_ssl_url: `${site.url}/${deploy.id}`,
    draft: deploy.isDraft,
    required: isTold ? site.requiredFiles(deploy) : [],
    required_functions: isTold ? site.requiredFunctions(deploy) : [],
    error_message: deploy.error === '' ? null : deploy.error,
    branch: 'main',
    created_at: time(deploy.createdAt),
    updated_at: time(deploy.createdAt),
    published_at: time(deploy.publishedAt),
    title: deploy.title === '' ? null : deploy.title,
    context: deploy.context,
    locked: deploy.isLocked,
    function_schedules: deploy.schedules,
    functions_region_overrides: Object.entries(deploy.config).flatMap(([name, { region }]) =>
      region === undefined ? [] : [{ name, region }],
    ),
    ...(deploy.state === 'ready' && {
      available_functions: renderFunctions(site, deploy),
      ...(site.tellsRules && { summary: renderSummary(site, deploy) }),
    }),
  }
}

/** Fields with one or two letters, as Netlify has them and describes nowhere. */
export function renderFunctions(
  site: SimulatedSite,
  deploy: SimulatedDeploy,
): readonly Record<string, unknown>[] {
  return Object.entries(deploy.functions).map(([name, digest]) => ({
    n: name,
    ...(site.tellsDigests && { d: digest }),
    id: `${deploy.id}-${name}`,
    oid: digest.slice(0, 16),
    c: new Date(deploy.createdAt).toISOString(),
    r: site.runtimes.get(name)?.runtime ?? 'js',
    im: site.runtimes.get(name)?.mode ?? null,
  }))
}

function renderSummary(site: SimulatedSite, deploy: SimulatedDeploy): Record<string, unknown> {
  const { redirects, headers, edgeFunctions } = site.rulesOf(deploy)
  const rules = (count: number, word: string) =>
    count === 0
      ? `No ${word} rules processed`
      : `${count} ${word} ${count === 1 ? 'rule' : 'rules'} processed`
  const messages = [
    { type: 'info', title: rules(redirects, 'redirect'), description: '', details: null },
    { type: 'info', title: rules(headers, 'header'), description: '', details: null },
    ...(edgeFunctions > 0
      ? [{ type: 'info', title: `${edgeFunctions} edge functions deployed`, description: '', details: null }]
      : []),
  ]
  return { status: 'ready', messages }
}

/** A site; one that is stale shows what was published before. */
export function renderSite(site: SimulatedSite, isStale = false): Record<string, unknown> {
  const published = isStale ? site.publishedBefore : site.published
  return {
    id: site.id,
    state: 'current',
    plan: 'nf_team_dev',
    name: site.name,
    url: site.url,
    ssl_url: site.url,
    admin_url: `https://app.netlify.test/projects/${site.name}`,
    account_id: site.account,
    account_name: 'Acme',
    account_slug: site.account,
    created_at: '2020-01-01T00:00:00.000Z',
    updated_at: '2020-01-01T00:00:00.000Z',
    published_deploy: published ? renderDeploy(site, published) : null,
    build_settings: site.repository === undefined ? {} : { repo_url: site.repository, repo_branch: 'main' },
    prevent_non_git_prod_deploys: site.refusesOtherDeploys,
    capabilities: {},
    processing_settings: {},
  }
}
