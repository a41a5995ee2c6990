import { openVendor } from './vendor-stand-in.mjs'

/** The only site, by its name. */
const site = { id: '00000000-0000-4000-8000-000000000000', name: 'site', account_slug: 'team' }

/** A Netlify with one site, which takes deploys of functions and runs none: enough for the build to run a deploy. */
export async function openNetlify() {
  const deploys = []
  const withPublished = () => ({
    ...site,
    published_deploy: deploys.findLast(({ state }) => state === 'ready') ?? null,
  })
  const routes = [
    ['GET', /^\/sites$/, () => [withPublished()]],
    ['GET', /^\/sites\/[^/]+$/, withPublished],
    ['GET', /^\/sites\/[^/]+\/files$/, () => []],
    ['GET', /^\/sites\/[^/]+\/deploys$/, () => deploys],
    ['GET', /^\/sites\/[^/]+\/deploys\/([^/]+)$/, (id) => deploys.find((deploy) => deploy.id === id)],
    ['POST', /^\/sites\/[^/]+\/deploys$/, (_, { body, query }) => begin(deploys, query, JSON.parse(body))],
    ['PUT', /^\/deploys\/([^/]+)\/functions\/[^/]+$/, (id) => upload(deploys.find((one) => one.id === id))],
  ]
  return openVendor(async (request) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1')
    const asked = { body: Buffer.concat(chunks).toString(), query: searchParams }
    const [found] = routes.flatMap(([method, path, answer]) => {
      const match = method === request.method && path.exec(pathname)
      return match ? [answer(match[1], asked)] : []
    })
    return found
  })
}

/** It has no function yet, whatever was uploaded before. */
function begin(deploys, query, { functions = {} }) {
  const now = new Date().toISOString()
  const deploy = {
    id: `deploy-${deploys.length}`,
    title: query.get('title'),
    state: 'uploading',
    created_at: now,
    published_at: now,
    required: [],
    required_functions: Object.values(functions),
    available_functions: Object.entries(functions).map(([n, d]) => ({ n, d })),
    missing: Object.keys(functions).length,
  }
  deploys.push(deploy)
  return deploy
}

function upload(deploy) {
  deploy.missing -= 1
  if (deploy.missing === 0) Object.assign(deploy, { state: 'ready', required_functions: [] })
  return {}
}
