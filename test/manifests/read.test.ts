import { chmod, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Action } from '../../src/core/action.ts'
import { resourceId } from '../../src/core/resource.ts'
import type { ReadOptions } from '../../src/manifests/read.ts'
import { codesOf, makeDomain, makeFolder, placesOf, processOf, put, read } from './support.ts'

const fleet = (...lines: readonly string[]) =>
  ['apiVersion: reconcile.dev/v1', 'kind: Fleet', ...lines, ''].join('\n')

/** Reads, and keeps what was good for the next reading, as a store does. */
function remember(folder: string, own: Partial<ReadOptions> = {}) {
  let texts: ReadonlyMap<string, string> = new Map()
  return async () => {
    const manifests = await read(folder, { ...own, lastGood: { load: async () => texts } })
    texts = manifests.texts
    return manifests
  }
}

test('the common fields have their defaults', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const [resource] = (await read(folder)).resources
  expect(resource).toEqual({
    id: 'Process/a',
    kind: 'Process',
    name: 'a',
    labels: {},
    annotations: {},
    spec: { script: 'sleep' },
    controls: {
      dependsOn: [],
      critical: false,
      managementPolicy: 'Manage',
      deletionPolicy: undefined,
      adopt: false,
      suspend: undefined,
      interval: undefined,
      recovery: { maxAttempts: 5, backoff: { initial: 5000, max: 300_000, factor: 2 }, stableFor: 60_000 },
      fallback: [],
      fallbackAfter: 5,
      ignore: [],
      windows: [],
    },
    origin: { file: join(folder, 'manifests/a.yaml'), line: 1, column: 1 },
    unresolved: [],
  })
})

test('the common fields are read, and are no part of the spec', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': `${processOf('b')}---\n${processOf(
      'a',
      'dependsOn: [Process/b]',
      'critical: true',
      'deletionPolicy: Orphan',
      'suspend: { reason: why, until: "2026-11-24T00:00:00+01:00" }',
      'interval: 1m30s',
      'recovery: { maxAttempts: 3, backoff: { max: 2s }, stableFor: 5s }',
      'fallback: [Process/b]',
      'fallbackAfter: 2',
      'ignore: [/instances]',
      'windows: [{ cron: "0 2 * * *", duration: 2h }]',
    )}`,
  })
  const manifests = await read(folder)
  expect(manifests.diagnostics).toEqual([])
  expect(manifests.resources[0]).toMatchObject({
    spec: { script: 'sleep' },
    controls: {
      dependsOn: ['Process/b'],
      critical: true,
      deletionPolicy: 'Orphan',
      suspend: { reason: 'why', by: undefined, until: Date.UTC(2026, 10, 23, 23) },
      interval: 90_000,
      recovery: { maxAttempts: 3, backoff: { initial: 2000, max: 2000, factor: 2 }, stableFor: 5000 },
      fallback: ['Process/b'],
      fallbackAfter: 2,
      ignore: ['/instances'],
      windows: [{ cron: '0 2 * * *', duration: 7_200_000, timezone: 'UTC', allow: true }],
    },
    origin: { line: 7 },
  })
})

test('a fleet without a document has the defaults, and one with it has its own', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  expect((await read(folder)).fleet).toEqual({
    name: 'default',
    environment: undefined,
    healthTarget: 80,
    intervals: {},
    deletions: { max: 5, percent: 25 },
    concurrency: {},
    github: { apiUrl: undefined, token: undefined },
    netlify: { apiUrl: undefined, token: undefined },
    pm2: { home: undefined },
    historyKeep: 2_592_000_000,
    allowedPaths: [],
  })
  await put(
    join(folder, 'manifests/fleet.yaml'),
    fleet(
      'metadata: { name: acme }',
      'spec:',
      '  health: { target: 95 }',
      '  intervals: { Process: 10s }',
      '  deletions: { percent: 50 }',
      '  concurrency: { Process: 2 }',
      '  pm2: { home: ../pm2 }',
      '  history: { keep: 7d }',
    ),
  )
  const env = { GITHUB_API_URL: 'https://github.example.com/api/v3' }
  expect((await read(folder, { env })).fleet).toMatchObject({
    name: 'acme',
    healthTarget: 95,
    intervals: { Process: 10_000 },
    deletions: { max: 5, percent: 50 },
    concurrency: { Process: 2 },
    github: { apiUrl: 'https://github.example.com/api/v3' },
    pm2: { home: join(folder, 'pm2') },
    historyKeep: 604_800_000,
  })
})

test('a broken file keeps its last good resources, whole, until it is right again', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': `${processOf('a', 'instances: 1')}---\n${processOf('b')}`,
    'manifests/c.yaml': processOf('c', 'instances: 1'),
  })
  const next = remember(folder)
  expect(await next()).toMatchObject({ isComplete: true, missing: [] })
  // One document is changed and right, the other one is wrong: neither takes effect.
  await put(
    join(folder, 'manifests/a.yaml'),
    `${processOf('a', 'instances: 9')}---\n${processOf('b', 'mode: x')}`,
  )
  await put(join(folder, 'manifests/c.yaml'), processOf('c', 'instances: 2'))
  for (const _again of [1, 2]) {
    const broken = await next()
    expect(placesOf(broken, folder)).toEqual(['wrong-value manifests/a.yaml:13:9'])
    expect(broken).toMatchObject({ isComplete: false, missing: [] })
    expect(broken.resources.map(({ id, spec }) => [id, spec])).toEqual([
      ['Process/a', { script: 'sleep', instances: 1 }],
      ['Process/b', { script: 'sleep' }],
      ['Process/c', { script: 'sleep', instances: 2 }],
    ])
  }
  await put(join(folder, 'manifests/a.yaml'), processOf('a', 'instances: 9'))
  const cured = await next()
  expect(cured).toMatchObject({ isComplete: true, missing: [] })
  expect(cured.resources.map(({ id }) => id)).toEqual(['Process/a', 'Process/c'])
})

test('a file that was never good is missing, and links to it are no faults of others', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'args: ['),
    'manifests/b.yaml': processOf('b', 'dependsOn: [Process/a]'),
  })
  const manifests = await read(folder)
  expect(placesOf(manifests, folder)).toHaveLength(1)
  expect(manifests).toMatchObject({ isComplete: false, missing: ['Process/a'] })
  expect(manifests.resources.map(({ id }) => id)).toEqual(['Process/b'])
})

test('a broken patch keeps the last good one; without one its resources are missing', async () => {
  const patch = (instances: string) =>
    `apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: a }\nspec: { instances: ${instances} }\n`
  const folder = await makeFolder({
    'manifests/a.yaml': `${processOf('a', 'instances: 1')}---\n${processOf('b')}`,
    'manifests/environments/prod/a.yaml': patch('4'),
  })
  const file = join(folder, 'manifests/environments/prod/a.yaml')
  const next = remember(folder, { environment: 'prod' })
  await next()
  await put(file, patch('['))
  const restored = await next()
  expect(restored.resources.map(({ id, spec }) => [id, spec])).toEqual([
    ['Process/a', { script: 'sleep', instances: 4 }],
    ['Process/b', { script: 'sleep' }],
  ])
  expect(restored.missing).toEqual([])
  const forgotten = await read(folder, { environment: 'prod' })
  expect(forgotten.resources.map(({ id }) => id)).toEqual(['Process/b'])
  expect(forgotten.missing).toEqual(['Process/a'])
  // Nobody can say what this one would have changed.
  await put(file, '@')
  expect(await read(folder, { environment: 'prod' })).toMatchObject({
    resources: [],
    missing: ['Process/a', 'Process/b'],
  })
})

test('what a broken file declared stays, also below a folder called environments that is none of ours', async () => {
  const outer = await makeFolder({
    'environments/x/manifests/team/environments/a.yaml': processOf('a'),
    'environments/x/manifests/team/environments/prod/b.yaml': processOf('b'),
    'environments/x/manifests/c.yaml': processOf('c', 'instances: 1'),
    'environments/x/manifests/environments/prod/c.yaml': processOf('c', 'instances: 4'),
  })
  const folder = join(outer, 'environments/x')
  for (const environment of [undefined, 'prod']) {
    const next = remember(folder, { environment })
    const good = await next()
    expect(good).toMatchObject({ isComplete: true, resources: { length: 3 } })
    const own = ['team/environments/a.yaml', 'team/environments/prod/b.yaml', 'c.yaml']
    for (const file of environment === undefined ? own : [...own, 'environments/prod/c.yaml']) {
      const path = join(folder, 'manifests', file)
      const text = await readFile(path, 'utf8')
      await put(path, `${text}spec: [`)
      const { resources, missing, isComplete } = await next()
      expect({ resources, missing, isComplete }, file).toEqual({
        resources: good.resources,
        missing: [],
        isComplete: false,
      })
      await put(path, text)
    }
  }
})

test('a file that lost its content keeps its resources until it is removed', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a'), 'manifests/b.yaml': processOf('b') })
  const next = remember(folder)
  await next()
  for (const content of ['', '# nothing here\n', '---\n']) {
    await put(join(folder, 'manifests/a.yaml'), content)
    const manifests = await next()
    expect(codesOf(manifests)).toEqual(['empty-file'])
    expect(manifests.diagnostics[0]?.message).toContain('what it declared before stays')
    expect(manifests).toMatchObject({ isComplete: false, missing: [] })
    expect(manifests.resources).toHaveLength(2)
  }
  await rm(join(folder, 'manifests/a.yaml'))
  expect(await next()).toMatchObject({ isComplete: true, resources: [{ id: 'Process/b' }] })
})

test('without its name nothing is done: a broken Fleet that was never good stops all', async () => {
  const folder = await makeFolder({
    'manifests/fleet.yaml': fleet('metadata: { name: acme }', 'spec: { health: { target: 90 } }'),
    'manifests/a.yaml': processOf('a'),
  })
  const next = remember(folder)
  await next()
  await put(join(folder, 'manifests/fleet.yaml'), fleet('metadata: { name: acme }', 'spec: ['))
  const restored = await next()
  expect(restored.fleet).toMatchObject({ name: 'acme', healthTarget: 90 })
  expect(restored.resources).toHaveLength(1)
  expect(await read(folder)).toMatchObject({ resources: [], missing: ['Process/a'], isComplete: false })
})

test('nothing is done either where what cannot be read may be the Fleet', async () => {
  const texts = {
    'in JSON that is cut off':
      '{ "apiVersion": "reconcile.dev/v1", "kind": "Fleet", "metadata": { "name": "acme"',
    'with a misspelt kind': fleet('metadata: { name: acme }').replace('Fleet', 'fleet'),
    'with more in it than a manifest may have': `# ${'x'.repeat(256 * 1024)}`,
    'without a colon': fleet('metadata: { name: acme }').replace('kind:', 'kind'),
  }
  for (const [why, text] of Object.entries(texts)) {
    const folder = await makeFolder({ 'manifests/a.yaml': processOf('a'), 'manifests/fleet.yaml': text })
    const { resources, missing, isComplete } = await read(folder)
    const expected = { resources: [], missing: ['Process/a'], isComplete: false }
    expect({ resources, missing, isComplete }, why).toEqual(expected)
  }
})

const start: Action = {
  type: 'start',
  verb: 'create',
  summary: '',
  reason: '',
  changes: [],
  repeatable: true,
  removes: 0,
  isRecovery: false,
}

/** Root may read everything, so the tests of root give that up for a moment. */
async function withoutRoot<T>(act: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return act()
  process.seteuid?.(65534)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
  }
}

test('what may not be read, and of which nothing is remembered, may be a Fleet or a policy', async () => {
  for (const closed of ['manifests/closed.yaml', 'manifests/closed']) {
    const folder = await makeFolder({
      'manifests/a.yaml': processOf('a'),
      [closed.endsWith('.yaml') ? closed : `${closed}/b.yaml`]: processOf('b'),
    })
    await chmod(folder, 0o755)
    const next = remember(folder)
    await next()
    await chmod(join(folder, closed), 0)
    await withoutRoot(async () => {
      const bare = await read(folder)
      expect(codesOf(bare), closed).toEqual(['file-unreadable'])
      expect(bare, closed).toMatchObject({ resources: [], isComplete: false })
      const known = await next()
      expect(known, closed).toMatchObject({ isComplete: false, judge: undefined })
      expect(known.resources, closed).toHaveLength(2)
    })
    await put(join(folder, 'manifests/fleet.yaml'), fleet('metadata: { name: acme }'))
    await withoutRoot(async () => {
      const { resources, judge } = await read(folder)
      expect(resources, closed).toMatchObject([{ id: 'Process/a' }])
      const denied = judge?.deny({ id: resourceId('Process', 'a'), action: start }, 0)
      expect(denied, closed).toMatchObject([{ policy: 'Policy/(unnamed)' }])
    })
    await chmod(join(folder, closed), 0o755)
  }
})

test('of a resource that moves while its old file is broken, the new place counts', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a', 'instances: 1') })
  const next = remember(folder)
  await next()
  await put(join(folder, 'manifests/a.yaml'), '[')
  await put(join(folder, 'manifests/b.yaml'), processOf('a', 'instances: 2'))
  const manifests = await next()
  expect(manifests.resources.map(({ id, spec }) => [id, spec])).toEqual([
    ['Process/a', { script: 'sleep', instances: 2 }],
  ])
})

test('what is kept holds every good file, and nothing of a file that is gone', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a'), 'manifests/b.yaml': processOf('b') })
  const next = remember(folder)
  expect([...(await next()).texts.keys()]).toEqual([
    join(folder, 'manifests/a.yaml'),
    join(folder, 'manifests/b.yaml'),
  ])
  await put(join(folder, 'manifests/a.yaml'), 'x: [')
  expect((await next()).texts.size).toBe(2)
  await rm(join(folder, 'manifests/a.yaml'))
  const after = await next()
  expect(after.texts.size).toBe(1)
  expect(after).toMatchObject({ isComplete: true, missing: [] })
})

test('what a domain says stands at its place, and breaks the file if it is an error', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a', 'cwd: /nowhere', 'env: { A: "1" }') })
  const say = (severity: 'error' | 'warning') =>
    new Map([
      [
        'Process',
        makeDomain({
          validate: async (_desired, report) => {
            report({
              severity,
              code: 'process-cwd-missing',
              path: '/spec/cwd',
              message: 'Not there',
              hint: 'Make it.',
            })
            report({ severity: 'warning', code: 'process-env', path: '/spec/env/A', message: 'Odd' })
          },
        }),
      ],
    ])
  const warned = await read(folder, { reconcilers: say('warning') })
  expect(placesOf(warned, folder)).toEqual([
    'process-cwd-missing manifests/a.yaml:6:8',
    'process-env manifests/a.yaml:7:13',
  ])
  expect(warned).toMatchObject({ isComplete: true, resources: [{ id: 'Process/a' }] })
  expect(await read(folder, { reconcilers: say('error') })).toMatchObject({
    isComplete: false,
    resources: [],
    missing: ['Process/a'],
  })
})

test('only what may be a fallback is one', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': `${processOf('a', 'fallback: [Process/b]')}---\n${processOf('b')}`,
  })
  const reconcilers = new Map([['Process', makeDomain({ canBeFallback: false })]])
  expect(codesOf(await read(folder, { reconcilers }))).toEqual(['fallback-kind'])
})

test('two primaries may share a fallback, and dependencies may meet again', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': [
      processOf('db'),
      processOf('spare', 'dependsOn: [Process/db]'),
      processOf('a', 'fallback: [Process/spare]', 'dependsOn: [Process/db]'),
      processOf('b', 'fallback: [Process/spare]', 'dependsOn: [Process/a, Process/db]'),
    ].join('---\n'),
  })
  expect((await read(folder)).diagnostics).toEqual([])
})

test('a chain of a thousand dependencies is no cycle, and ends no stack', async () => {
  const documents = Array.from({ length: 1000 }, (_, n) =>
    n === 0 ? processOf('p0') : processOf(`p${n}`, `dependsOn: [Process/p${n - 1}]`),
  )
  const files: Record<string, string> = {}
  for (let n = 0; n < documents.length; n += 100)
    files[`manifests/${n}.yaml`] = documents.slice(n, n + 100).join('---\n')
  const folder = await makeFolder(files)
  const manifests = await read(folder)
  expect(manifests.diagnostics).toEqual([])
  expect(manifests.resources).toHaveLength(1000)
})
