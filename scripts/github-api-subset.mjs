// Makes test/simulators/github/openapi.json: the part of GitHub's published API description that the simulator answers
// by, without descriptions and examples. Run by hand when the version below changes; needs the npm registry.
//   node scripts/github-api-subset.mjs
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package of GitHub's description; 385 MB unpacked, so only a part of it is kept. */
const version = '23.0.2'

const repo = '/repos/{owner}/{repo}'
const paths = [
  '/rate_limit',
  '/user',
  repo,
  `${repo}/actions/workflows`,
  `${repo}/actions/workflows/{workflow_id}`,
  `${repo}/actions/workflows/{workflow_id}/enable`,
  `${repo}/actions/workflows/{workflow_id}/disable`,
  `${repo}/actions/workflows/{workflow_id}/dispatches`,
  `${repo}/actions/workflows/{workflow_id}/runs`,
  `${repo}/actions/runs`,
  `${repo}/actions/runs/{run_id}`,
  `${repo}/actions/runs/{run_id}/jobs`,
  `${repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs`,
  `${repo}/actions/runs/{run_id}/rerun`,
  `${repo}/actions/runs/{run_id}/rerun-failed-jobs`,
  `${repo}/actions/runs/{run_id}/cancel`,
  `${repo}/actions/jobs/{job_id}/logs`,
  `${repo}/contents/{path}`,
  `${repo}/git/ref/{ref}`,
  `${repo}/git/refs`,
  `${repo}/git/refs/{ref}`,
  `${repo}/pulls`,
  `${repo}/pulls/{pull_number}`,
  `${repo}/issues/{issue_number}/comments`,
  `${repo}/issues/comments/{comment_id}`,
  `${repo}/installation`,
  '/app/installations/{installation_id}/access_tokens',
]

const output = join(dirname(fileURLToPath(import.meta.url)), '../test/simulators/github/openapi.json')
const notes = new Set([
  'description',
  'summary',
  'example',
  'examples',
  'externalDocs',
  'x-github',
  'operationId',
  'tags',
])

function slim(value, isNames = false) {
  if (Array.isArray(value)) return value.map((item) => slim(item))
  if (value === null || typeof value !== 'object') return value
  const kept = {}
  for (const [key, inner] of Object.entries(value)) {
    // Below `properties` and its like keys are names, not words of the description.
    if (!isNames && notes.has(key)) continue
    kept[key] = slim(
      inner,
      ['properties', 'schemas', 'responses', 'parameters', 'headers'].includes(key) && !Array.isArray(inner),
    )
  }
  return kept
}

function* refsIn(value) {
  if (value === null || typeof value !== 'object') return
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string') yield inner
    else yield* refsIn(inner)
  }
}

function subsetOf(description) {
  const subset = {
    openapi: description.openapi,
    info: { title: description.info.title, version: `@octokit/openapi ${version}` },
    paths: {},
    components: {},
  }
  for (const path of paths) {
    if (!description.paths[path]) throw new Error(`${path} is not in the description`)
    subset.paths[path] = slim(description.paths[path])
  }
  const waiting = [...refsIn(subset.paths)]
  const done = new Set()
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    if (done.has(ref)) continue
    done.add(ref)
    const [, , group, name] = ref.split('/')
    const component = slim(description.components[group][name])
    subset.components[group] ??= {}
    subset.components[group][name] = component
    waiting.push(...refsIn(component))
  }
  return subset
}

const folder = mkdtempSync(join(tmpdir(), 'openapi-'))
try {
  const tarball = execFileSync('npm', ['pack', '--silent', `@octokit/openapi@${version}`], {
    cwd: folder,
    encoding: 'utf8',
  }).trim()
  execFileSync('tar', ['-xzf', tarball, 'package/generated/api.github.com.json'], { cwd: folder })
  const description = JSON.parse(readFileSync(join(folder, 'package/generated/api.github.com.json'), 'utf8'))
  writeFileSync(output, `${JSON.stringify(subsetOf(description))}\n`)
  console.log(`wrote ${output}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
