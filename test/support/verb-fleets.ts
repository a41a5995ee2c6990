import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { processManifest } from './manifest.ts'

const document = (kind: string, metadata: string, spec: string) =>
  `apiVersion: reconcile.dev/v1\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}\n`

const shared: Readonly<Record<string, string>> = {
  'manifests/fleet.yaml': document('Fleet', '{ name: acme }', '{ health: { target: 80 } }'),
  'manifests/alerting.yaml': [
    document('Receiver', '{ name: hook }', '{ webhook: { url: { fromEnv: HOOK } } }'),
    document('Alert', '{ name: all }', '{ receivers: [Receiver/hook], on: [Contended] }'),
  ].join('---\n'),
  'manifests/policies.yaml': [
    document(
      'Policy',
      '{ name: named }',
      '{ for: resource, rule: "size(resource.name) < 60", message: Be brief }',
    ),
    document(
      'Policy',
      '{ name: kept }',
      '{ for: action, rule: "action.removes == 0", message: Nothing goes }',
    ),
  ].join('---\n'),
  'manifests/environments/production/site.yaml': document(
    'ScriptSet',
    '{ name: site, labels: { tier: core } }',
    '{ required: [build] }',
  ),
  'manifests/environments/staging/site.yaml': document(
    'ScriptSet',
    '{ name: site, labels: { tier: core } }',
    '{ required: [test] }',
  ),
  'package.json': '{ "name": "site", "scripts": { "build": "node build.mjs", "test": "node build.mjs" } }\n',
  'build.mjs': "console.log('built')\n",
  'docs/package.json': '{ "name": "docs", "scripts": { "publish": "node gone.mjs" } }\n',
  'ecosystem.config.cjs':
    "module.exports = { apps: [{ name: 'tern', script: './build.mjs', exec_mode: 'fork', watch_delay: 5 }] }\n",
}

/** Two fleets without accounts and without a daemon: what is told of them is the same on every machine. */
export const verbFleets = {
  healthy: {
    ...shared,
    'manifests/site.yaml': document(
      'ScriptSet',
      '{ name: site, labels: { tier: core } }',
      '{ package: ../package.json, required: [build, test], scripts: { build: "node build.mjs" } }',
    ),
    'manifests/docs.yaml': document(
      'ScriptSet',
      '{ name: docs }',
      '{ package: ../docs/package.json, resolve: none }',
    ),
  },
  troubled: {
    ...shared,
    'manifests/site.yaml': document(
      'ScriptSet',
      '{ name: site, labels: { tier: core } }',
      '{ critical: true, package: ../package.json, required: [build, deploy] }',
    ),
    'manifests/docs.yaml': document('ScriptSet', '{ name: docs }', '{ package: ../docs/package.json }'),
    'manifests/processes.yaml': [
      processManifest('api', 'script: ../services/gone.mjs'),
      processManifest('keyless', 'script: ../build.mjs\nenv: { KEY: { fromEnv: A_KEY_THAT_NOBODY_SET } }'),
      processManifest('web', 'script: ../build.mjs\ndependsOn: [ScriptSet/site]'),
    ].join('---\n'),
    'manifests/broken.yaml': 'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: [\n',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>

/** The folder's path has the same length everywhere, because pages are as wide as they are. */
export async function makeVerbFleet(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp('/tmp/r-')
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}
