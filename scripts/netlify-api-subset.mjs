// Makes test/simulators/netlify/openapi.json: the part of Netlify's published API description that the simulator answers
// by, without descriptions. Run by hand when the version of the API client changes; reads node_modules.
//   node scripts/netlify-api-subset.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const paths = [
  '/sites',
  '/sites/{site_id}',
  '/sites/{site_id}/deploys',
  '/sites/{site_id}/deploys/{deploy_id}',
  '/sites/{site_id}/deploys/{deploy_id}/restore',
  '/sites/{site_id}/files',
  '/sites/{site_id}/functions',
  '/sites/{site_id}/builds',
  '/deploys/{deploy_id}',
  '/deploys/{deploy_id}/cancel',
  '/deploys/{deploy_id}/lock',
  '/deploys/{deploy_id}/unlock',
  '/deploys/{deploy_id}/files/{path}',
  '/deploys/{deploy_id}/functions/{name}',
  '/accounts',
  '/accounts/{account_id}/env',
  '/accounts/{account_id}/env/{key}',
  '/accounts/{account_id}/env/{key}/value/{id}',
]
const notes = new Set([
  'description',
  'summary',
  'example',
  'x-faker',
  'tags',
  'security',
  'parameters',
  'consumes',
])

function slim(value, isNames = false) {
  if (Array.isArray(value)) return value.map((item) => slim(item))
  if (value === null || typeof value !== 'object') return value
  const kept = {}
  for (const [key, inner] of Object.entries(value)) {
    // Below `properties` keys are names, not words of the description.
    if (!isNames && notes.has(key)) continue
    kept[key] = slim(inner, key === 'properties')
  }
  return kept
}

const package_ = join(root, 'node_modules/@netlify/open-api')
const description = JSON.parse(readFileSync(join(package_, 'dist/swagger.json'), 'utf8'))
const { version } = JSON.parse(readFileSync(join(package_, 'package.json'), 'utf8'))
const subset = { swagger: description.swagger, info: { version: `@netlify/open-api ${version}` }, paths: {} }
for (const path of paths) {
  if (!description.paths[path]) throw new Error(`${path} is not in the description`)
  subset.paths[path] = slim(description.paths[path])
}
const output = join(root, 'test/simulators/netlify/openapi.json')
writeFileSync(output, `${JSON.stringify(subset)}\n`)
console.log(`wrote ${output}`)
