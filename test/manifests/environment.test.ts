import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check, codesOf, makeFolder, placesOf, processOf, read } from './support.ts'

const patch = (name: string, ...lines: readonly string[]) =>
  ['apiVersion: reconcile.dev/v1', 'kind: Process', `metadata: { name: ${name} }`, ...lines, ''].join('\n')

async function specsOf(folder: string, environment?: string) {
  const { resources } = await read(folder, { environment })
  return Object.fromEntries(resources.map(({ id, spec }) => [id, spec]))
}

test('a patch merges mappings, replaces lists, and removes by null', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf(
      'a',
      'args: [one, two]',
      'env: { A: "1", B: "2" }',
      'logs: { merge: true, out: o.log }',
    ),
    'manifests/environments/prod/a.yaml': patch(
      'a',
      'spec: { args: [three], env: { A: null, C: "3" }, logs: { out: null }, health: { tcp: { port: 1, host: null } } }',
    ),
  })
  expect(await specsOf(folder)).toEqual({
    'Process/a': {
      script: 'sleep',
      args: ['one', 'two'],
      env: { A: '1', B: '2' },
      logs: { merge: true, out: 'o.log' },
    },
  })
  expect(await specsOf(folder, 'prod')).toEqual({
    'Process/a': {
      script: 'sleep',
      args: ['three'],
      env: { B: '2', C: '3' },
      logs: { merge: true },
      health: { tcp: { port: 1 } },
    },
  })
})

test('a patch reaches metadata and the common fields', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'critical: true'),
    'manifests/environments/prod/a.yaml': [
      'apiVersion: reconcile.dev/v1',
      'kind: Process',
      'metadata: { name: a, labels: { tier: core } }',
      'spec: { critical: null, managementPolicy: Observe }',
    ].join('\n'),
  })
  const { resources } = await read(folder, { environment: 'prod' })
  expect(resources[0]).toMatchObject({
    labels: { tier: 'core' },
    controls: { critical: false, managementPolicy: 'Observe' },
    origin: { file: join(folder, 'manifests/a.yaml'), line: 1 },
  })
})

test('$delete drops a resource, and a whole document adds one', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': `${processOf('a')}---\n${processOf('b')}`,
    'manifests/environments/prod/x.yaml': `${patch('a', '$delete: true')}---\n${processOf('c')}`,
  })
  expect(Object.keys(await specsOf(folder))).toEqual(['Process/a', 'Process/b'])
  expect(Object.keys(await specsOf(folder, 'prod'))).toEqual(['Process/b', 'Process/c'])
})

test('a dependency on what the environment drops is an error of that environment', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': `${processOf('a')}---\n${processOf('b', 'dependsOn: [Process/a]')}`,
    'manifests/environments/prod/x.yaml': patch('a', '$delete: true'),
  })
  expect(codesOf(await read(folder))).toEqual([])
  expect(codesOf(await check(folder))).toEqual(['unknown-reference'])
})

test('the Fleet is patched whatever its name', async () => {
  const folder = await makeFolder({
    'manifests/fleet.yaml':
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: acme }\nspec: { health: { target: 90 }, deletions: { max: 1 } }\n',
    'manifests/a.yaml': processOf('a'),
    'manifests/environments/prod/f.yaml':
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { deletions: { percent: 50 } }\n',
    'manifests/environments/dev/f.yaml':
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: acme-dev }\n',
  })
  expect((await read(folder, { environment: 'prod' })).fleet).toMatchObject({
    name: 'acme',
    environment: 'prod',
    healthTarget: 90,
    deletions: { max: 1, percent: 50 },
  })
  expect((await read(folder, { environment: 'dev' })).fleet.name).toBe('acme-dev')
})

test('an unknown environment lists the known, and nothing is declared in it', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/environments/production/a.yaml': patch('a'),
    'manifests/environments/dev/a.yaml': patch('a'),
  })
  const manifests = await read(folder, { environment: 'prod' })
  expect(manifests).toMatchObject({ resources: [], isComplete: false })
  expect(manifests.diagnostics).toMatchObject([
    { code: 'unknown-environment', hint: 'Known environments: dev, production.' },
  ])
})

test('check looks at every environment, or at the one that is named', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/environments/prod/a.yaml': patch('a', 'spec: { instances: 0 }'),
    'manifests/environments/dev/a.yaml': `${patch('a', 'spec: { mode: x }')}---\n${processOf('b')}`,
  })
  const all = await check(folder)
  expect(placesOf(all, join(folder, 'manifests/environments'))).toEqual([
    'wrong-value dev/a.yaml:4:15',
    'wrong-value prod/a.yaml:4:20',
  ])
  expect(all.summary).toEqual({ errors: 2, warnings: 0, resources: 2 })
  expect(codesOf(await check(folder, { environment: 'dev' }))).toEqual(['wrong-value'])
})

test('a fault of the base is told once, though every environment has it', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'mode: x'),
    'manifests/environments/prod/a.yaml': patch('a'),
    'manifests/environments/dev/a.yaml': patch('a'),
  })
  expect(codesOf(await check(folder))).toEqual(['wrong-value'])
})
