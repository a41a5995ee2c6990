import { execFileSync } from 'node:child_process'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { check, codesOf, makeDomain, makeFolder, placesOf, processOf, put, read } from './support.ts'

const ids = async (folder: string, own = {}) => (await read(folder, own)).resources.map(({ id }) => id)

test('reads every .yaml and .yml file at any depth, and nothing else', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/deep/er/b.yml': processOf('b'),
    'manifests/c.YAML': processOf('c'),
    'manifests/d.json': '{',
    'manifests/.#a.yaml': 'an editor keeps its lock here',
    'manifests/.git/e.yaml': ']',
    'manifests/node_modules/x/f.yaml': ']',
  })
  expect(await ids(folder)).toEqual(['Process/a', 'Process/b', 'Process/c'])
})

test('leaves out what .reconcileignore lists', async () => {
  const folder = await makeFolder({
    'manifests/.reconcileignore': '# drafts\ndrafts/\n*.draft.yaml\n!keep.draft.yaml\n',
    'manifests/a.yaml': processOf('a'),
    'manifests/b.draft.yaml': 'not: [ours',
    'manifests/keep.draft.yaml': processOf('keep'),
    'manifests/drafts/c.yaml': 'not: [ours',
  })
  const manifests = await read(folder)
  expect(manifests.diagnostics).toEqual([])
  expect(manifests.resources.map(({ id }) => id)).toEqual(['Process/a', 'Process/keep'])
})

test('leaves out environments that were not asked for', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/environments/prod/b.yaml': processOf('b'),
    'manifests/environments/dev/c.yaml': processOf('c'),
  })
  expect(await ids(folder)).toEqual(['Process/a'])
  expect(await ids(folder, { environment: 'prod' })).toEqual(['Process/a', 'Process/b'])
})

test('a file in environments/ itself belongs nowhere', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/environments/b.yaml': 'a: 1',
  })
  expect(placesOf(await check(folder), folder)).toEqual([
    'stray-environment manifests/environments/b.yaml:1:1',
  ])
})

const workflowOf = (name: string, source: string, ...spec: readonly string[]) =>
  [
    'apiVersion: reconcile.dev/v1',
    'kind: Workflow',
    `metadata: { name: ${name} }`,
    'spec:',
    '  repository: acme/site',
    `  path: .github/workflows/${name}.yml`,
    `  source: ${source}`,
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n')
const withWorkflows = {
  reconcilers: new Map(
    ['Process', 'Workflow'].map((kind) => [
      kind,
      makeDomain({ kind, externalName: ({ id }: { readonly id: string }) => id }),
    ]),
  ),
}

test('a file that a workflow names as its source is no manifest', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': workflowOf('a', './flow.yml'),
    'manifests/flow.yml': 'on: push\njobs: {}\n',
    'manifests/b.yaml': workflowOf('b', './broken.yml'),
    'manifests/broken.yml': 'on: [push\n',
  })
  expect(codesOf(await check(folder, withWorkflows))).toEqual([])
})

test('no manifest switches another one off by naming it as its source', async () => {
  const policy = [
    'apiVersion: reconcile.dev/v1',
    'kind: Policy',
    'metadata: { name: freeze }',
    'spec: { for: resource, kinds: [Process], rule: "false", message: Nothing new }',
    '',
  ].join('\n')
  /** What is named, and the codes that are told. */
  const named: readonly (readonly [string, string, readonly string[]])[] = [
    ['a policy', policy, ['policy-denied']],
    ['a process', processOf('c'), ['policy-denied', 'policy-denied']],
    ['a policy that is no YAML', policy.replace('"false"', '"false'), ['yaml-syntax']],
    ['a policy of another version', policy.replace('/v1', '/v2'), ['wrong-value']],
    ['a policy of no version', policy.replace(/.*\n/, ''), ['other-program']],
    ['a policy of a misspelt kind', policy.replace('Policy', 'policy'), ['unknown-kind']],
    ['a process that is no YAML', `${processOf('c')}  args: [\n`, ['policy-denied', 'yaml-syntax']],
    ['a file that lost its content', '', ['empty-file', 'policy-denied']],
  ]
  for (const [what, text, codes] of named) {
    for (const [name, source] of Object.entries({
      'a valid workflow': workflowOf('w', './named.yaml'),
      'a process': processOf('w', 'source: ./named.yaml'),
    })) {
      const isPolicy = what.startsWith('a policy')
      const folder = await makeFolder({
        'manifests/a.yaml': processOf('a'),
        'manifests/named.yaml': text,
        'manifests/w.yaml': source,
        ...(!isPolicy && { 'manifests/policy.yaml': policy }),
      })
      const found = [...codesOf(await check(folder, withWorkflows))].filter(
        (code) => code !== 'unknown-field',
      )
      expect(found.sort(), `${what}, named by ${name}`).toEqual(codes)
    }
  }
})

test('a source that only an invalid document names is told as what it is', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': workflowOf('a', './flow.yml', 'stat: active'),
    'manifests/flow.yml': 'on: push\njobs: {}\n',
  })
  expect(codesOf(await check(folder, withWorkflows))).toEqual(['unknown-field', 'other-program'])
})

test('follows links inside the fleet root', async () => {
  const folder = await makeFolder({ 'shared/b.yaml': processOf('b'), 'manifests/a.yaml': processOf('a') })
  await mkdir(join(folder, '.git'))
  await symlink('../shared', join(folder, 'manifests/linked'))
  await symlink('a.yaml', join(folder, 'manifests/z.yaml'))
  const manifests = await read(folder)
  expect(manifests.diagnostics).toEqual([])
  expect(manifests.resources.map(({ id }) => id)).toEqual(['Process/a', 'Process/b'])
})

test('the fleet root is the git work tree, or else the folder above the manifests', async () => {
  const outer = await makeFolder({ 'b.yaml': processOf('b'), 'app/manifests/a.yaml': processOf('a') })
  await symlink('../../b.yaml', join(outer, 'app/manifests/b.yaml'))
  const without = await read(join(outer, 'app'))
  expect(codesOf(without)).toEqual(['file-outside-root'])
  await writeFile(join(outer, '.git'), 'gitdir: elsewhere\n')
  expect((await read(join(outer, 'app'))).diagnostics).toEqual([])
})

test('refuses links that lead out of the fleet root, into themselves or nowhere', async () => {
  const outside = await makeFolder({ 'x.yaml': processOf('x') })
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const link = (to: string, name: string) => symlink(to, join(folder, 'manifests', name))
  await link(join(outside, 'x.yaml'), 'b.yaml')
  await link(outside, 'c')
  await link('..', 'd')
  await link('.', 'e')
  await link('f.yaml', 'f.yaml')
  await link('gone.yaml', 'g.yaml')
  const result = await check(folder)
  expect(placesOf(result, join(folder, 'manifests'))).toEqual([
    'file-outside-root b.yaml:1:1',
    'file-outside-root c:1:1',
    'file-loop d/manifests:1:1',
    'file-loop e:1:1',
    'file-loop f.yaml:1:1',
    'file-missing g.yaml:1:1',
  ])
})

/** A repository of a stranger, what lies outside of it, and how to link to that. */
async function strangersRepository() {
  const outside = await makeFolder({
    'prod/hosts.yaml': 'oauth: hunter2\n',
    'a.yaml': processOf('elsewhere'),
    'broken.yaml': 'pass: "hunter2\n',
  })
  const folder = await makeFolder({ '.git': '', 'package.json': '{}', 'kept/a.yaml': processOf('a') })
  const link = (to: string, name: string) => symlink(to, join(folder, name))
  return { outside, folder, link }
}

test('environments, and manifests itself, are bounded like what lies in them', async () => {
  const { outside, folder, link } = await strangersRepository()
  await mkdir(join(folder, 'manifests'))
  await put(join(folder, 'manifests/a.yaml'), processOf('a'))
  await link(outside, 'manifests/environments')
  const bounded = await check(folder)
  expect(placesOf(bounded, folder)).toEqual(['file-outside-root manifests/environments:1:1'])
  expect((await read(folder)).resources).toMatchObject([{ id: 'Process/a' }])
  expect(await read(folder, { environment: 'prod' })).toMatchObject({ resources: [], isComplete: false })

  await link(outside, 'whole')
  await link('whole', 'chained')
  await link(outside, 'part')
  for (const [way, place] of [
    ['whole', 'whole'],
    ['chained', 'chained'],
    ['part/prod', 'part/prod'],
    ['part/broken.yaml', 'part/broken.yaml'],
  ] as const) {
    const found = await check(folder, { paths: [way] })
    expect(placesOf(found, folder), way).toEqual([`file-outside-root ${place}:1:1`])
    expect(JSON.stringify(found), way).not.toContain('hunter2')
    const { resources, isComplete } = await read(folder, { paths: [way] })
    expect({ resources, isComplete }, way).toEqual({ resources: [], isComplete: false })
  }
})

test('a link that stays in its work tree, or lies in none, is followed', async () => {
  const { folder, link } = await strangersRepository()
  await link('kept', 'manifests')
  expect(await ids(folder)).toEqual(['Process/a'])
  // Whoever has no work tree made the link himself, as for the release that is current.
  const place = await makeFolder({})
  await symlink(join(folder, 'kept'), join(place, 'manifests'))
  await symlink(folder, join(place, 'current'))
  expect(await ids(place)).toEqual(['Process/a'])
  expect(await ids(place, { paths: ['current/kept'] })).toEqual(['Process/a'])
  expect(await ids(place, { paths: ['current/manifests/a.yaml'] })).toEqual(['Process/a'])
})

test('links among environments end, and lead to no other environment', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  await symlink('.', join(folder, 'manifests/environments'))
  expect(placesOf(await check(folder), folder)).toEqual(['file-loop manifests/environments:1:1'])
  await rm(join(folder, 'manifests/environments'))
  await put(join(folder, 'shared/prod/b.yaml'), processOf('b'))
  await symlink('../shared', join(folder, 'manifests/environments'))
  await symlink('../../manifests', join(folder, 'shared/prod/back'))
  expect(await ids(folder, { environment: 'prod' })).toEqual(['Process/a', 'Process/b'])
  expect(codesOf(await check(folder))).toEqual(['file-loop'])
})

test('refuses pipes, sockets and devices without waiting for them', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a') })
  const at = (name: string) => join(folder, 'manifests', name)
  execFileSync('mkfifo', [at('pipe.yaml')])
  const server = createServer().listen(at('socket.yaml'))
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    expect(placesOf(await check(folder), join(folder, 'manifests'))).toEqual([
      'file-special pipe.yaml:1:1',
      'file-special socket.yaml:1:1',
    ])
    expect(codesOf(await check(folder, { paths: [at('pipe.yaml')] }))).toContain('file-special')
    expect(codesOf(await check(folder, { paths: ['/dev/zero.yaml', at('socket.yaml')] }))).toContain(
      'file-special',
    )
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('an empty, a missing and a moved folder declare nothing, and say so', async () => {
  const folder = await makeFolder({ 'empty/readme.md': '', 'manifests/a.yaml': processOf('a') })
  for (const paths of [['empty'], ['gone']]) {
    const manifests = await read(folder, { paths })
    expect(codesOf(manifests)).toEqual(['nothing-declared'])
    expect(manifests).toMatchObject({ resources: [], isComplete: false })
  }
  await rename(join(folder, 'manifests'), join(folder, 'elsewhere'))
  expect(await read(folder)).toMatchObject({ resources: [], isComplete: false })
})

test('-f takes files and folders, several at once; only one whole folder is whole', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/b.yaml': processOf('b', 'dependsOn: [Process/a]'),
    'more/c.yaml': processOf('c'),
  })
  expect(await read(folder)).toMatchObject({ isWhole: true, folder: join(folder, 'manifests') })
  const one = await read(folder, { paths: ['manifests/b.yaml'] })
  expect(one).toMatchObject({ isWhole: false, isComplete: true, folder: join(folder, 'manifests') })
  expect(one.resources.map(({ id }) => id)).toEqual(['Process/b'])
  expect(codesOf(one)).toEqual(['reference-not-read'])
  const both = await read(folder, { paths: ['manifests', 'more'] })
  expect(both).toMatchObject({ isWhole: false })
  expect(both.resources).toHaveLength(3)
  expect(codesOf(await read(folder, { paths: ['manifests/gone.yaml'] }))).toEqual(['file-missing'])
})

test('a single file keeps the settings of its fleet', async () => {
  const fleet =
    'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: acme }\nspec: { pm2: { home: /srv/pm2 } }\n'
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/b.yaml': processOf('b'),
    'manifests/fleet.yaml': fleet,
  })
  const one = await read(folder, { paths: ['manifests/a.yaml'] })
  expect(one.fleet).toMatchObject({ name: 'acme', pm2: { home: '/srv/pm2' } })
  expect(one).toMatchObject({ isWhole: false })
  expect(one.resources.map(({ id }) => id)).toEqual(['Process/a'])
  const both = await read(folder, { paths: ['manifests/a.yaml', 'manifests/fleet.yaml'] })
  expect(both.fleet.name).toBe('acme')
  expect(codesOf(both)).toEqual([])
})

const fleetOf = (name: string) =>
  `apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: ${name} }\nspec: { health: { target: 90 } }\n`
const noProcess =
  'apiVersion: reconcile.dev/v1\nkind: Policy\nmetadata: { name: freeze }\nspec: { for: resource, rule: "false", message: Nothing new }\n'

test('a single file is of its fleet, in whatever file of the folder that is declared', async () => {
  const json = '{ "apiVersion": "reconcile.dev/v1", "kind": "Fleet", "metadata": { "name": "acme" } }'
  for (const [file, text] of [
    ['settings.yaml', fleetOf('acme')],
    ['deep/er/settings.yml', fleetOf('acme')],
    ['fleet.yaml', json],
    ['b.yaml', `${processOf('b')}---\n${fleetOf('acme')}`],
    ['fleet.yaml', `${fleetOf('acme')}---\n${processOf('b')}`],
  ] as const) {
    const folder = await makeFolder({ 'manifests/a.yaml': processOf('a'), [`manifests/${file}`]: text })
    const one = await read(folder, { paths: ['manifests/a.yaml'] })
    const { fleet, resources, diagnostics } = one
    expect({ name: fleet.name, ids: resources.map(({ id }) => id), diagnostics }, file).toEqual({
      name: 'acme',
      ids: ['Process/a'],
      diagnostics: [],
    })
  }
})

test('a single file outside of a manifests folder is of no fleet that lies deeper', async () => {
  const folder = await makeFolder({
    'one.yaml': processOf('one'),
    'fleet.yaml': fleetOf('acme'),
    'eu/manifests/fleet.yaml': fleetOf('eu'),
    'eu/manifests/freeze.yaml': noProcess,
    'us/manifests/fleet.yaml': '{{ a template }}: kind: Policy\n',
    'vendor/theirs/.git/HEAD': 'ref: refs/heads/main\n',
    'vendor/theirs/freeze.yaml': noProcess,
  })
  const one = await read(folder, { paths: ['one.yaml'] })
  expect(one.fleet.name).toBe('acme')
  expect(one.resources.map(({ id }) => id)).toEqual(['Process/one'])
  expect(one.diagnostics).toEqual([])
  // It is no way around the fleet of the working directory.
  await put(join(folder, 'manifests/freeze.yaml'), noProcess)
  expect(codesOf(await read(folder, { paths: ['one.yaml'] }))).toEqual(['policy-denied'])
  // Nor is a file of a manifests folder around what lies deeper in that.
  await rename(join(folder, 'vendor/theirs'), join(folder, 'us/manifests/theirs'))
  await rm(join(folder, 'us/manifests/fleet.yaml'))
  await put(join(folder, 'us/manifests/two.yaml'), processOf('two'))
  expect(codesOf(await read(folder, { paths: ['us/manifests/two.yaml'] }))).toEqual(['policy-denied'])
})

test('a single file deep in a manifests folder is of its fleet, from wherever it is named', async () => {
  const folder = await makeFolder({
    'acme/manifests/fleet.yaml': fleetOf('acme'),
    'acme/manifests/freeze.yaml': noProcess,
    'acme/manifests/apps/eu/one.yaml': processOf('one'),
    'acme/manifests/environments/prod/one.yaml': processOf('one'),
    // In another work tree nobody asked for a folder of that name further up.
    'acme/manifests/theirs/.git/HEAD': 'ref: refs/heads/main\n',
    'acme/manifests/theirs/apps/one.yaml': processOf('one'),
  })
  const file = 'acme/manifests/apps/eu/one.yaml'
  for (const path of [file, join(folder, file)]) {
    const one = await read(folder, { paths: [path] })
    expect([one.fleet.name, ...codesOf(one)]).toEqual(['acme', 'policy-denied'])
  }
  const near = await read(join(folder, 'acme/manifests/apps'), {
    paths: ['eu/one.yaml'],
    environment: 'prod',
  })
  expect([near.fleet.name, ...codesOf(near)]).toEqual(['acme', 'policy-denied'])
  const ofEnvironment = await read(folder, { paths: ['acme/manifests/environments/prod/one.yaml'] })
  expect(codesOf(ofEnvironment)).toEqual(['environment-file'])
  const theirs = await read(folder, { paths: ['acme/manifests/theirs/apps/one.yaml'] })
  expect([theirs.fleet.name, ...codesOf(theirs)]).toEqual(['default'])
})

test('a single file does nothing where its fleet cannot be told', async () => {
  for (const text of [
    fleetOf('acme').replace('{ target', '{{ target'),
    fleetOf('acme').replace('Fleet', 'Flet'),
  ]) {
    const folder = await makeFolder({ 'manifests/a.yaml': processOf('a'), 'manifests/settings.yaml': text })
    const { resources, missing, isComplete } = await read(folder, { paths: ['manifests/a.yaml'] })
    expect({ resources, missing, isComplete }, text).toEqual({
      resources: [],
      missing: ['Process/a'],
      isComplete: false,
    })
  }
})

test('files of several folders are of one fleet, and kept by the policies of all', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/fleet.yaml': fleetOf('acme'),
    'other/b.yaml': processOf('b'),
    'other/fleet.yaml': fleetOf('else'),
    'kept/c.yaml': processOf('c'),
    'kept/policy.yaml': noProcess,
  })
  expect(codesOf(await check(folder, { paths: ['manifests/a.yaml', 'other/b.yaml'] }))).toEqual([
    'duplicate-fleet',
  ])
  expect(codesOf(await check(folder, { paths: ['manifests', 'other/b.yaml'] }))).toEqual(['duplicate-fleet'])
  for (const paths of [
    ['manifests/a.yaml', 'kept/c.yaml'],
    ['manifests', 'kept/c.yaml'],
  ]) {
    const found = await read(folder, { paths })
    expect(codesOf(found)).toEqual(['policy-denied', 'policy-denied'])
    expect(found).toMatchObject({ resources: [], fleet: { name: 'acme' } })
  }
})

test('of a file that was not named nothing is remembered that is wrong as a whole', async () => {
  const folder = await makeFolder({ 'manifests/a.yaml': processOf('a'), 'manifests/b.yaml': '' })
  const remembered = async (rest: string) => {
    await put(join(folder, 'manifests/b.yaml'), `${fleetOf('acme')}---\n${rest}`)
    const { texts } = await read(folder, { paths: ['manifests/a.yaml'] })
    return [...texts.keys()].map((path) => basename(path))
  }
  expect(await remembered(processOf('b'))).toEqual(['a.yaml', 'b.yaml'])
  expect(await remembered(processOf('b', 'instances: none'))).toEqual(['a.yaml'])
})

test('a file of an environment means nothing alone', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/environments/prod/a.yaml': 'a: 1',
  })
  const result = await check(folder, { paths: ['manifests/environments/prod/a.yaml'] })
  expect(codesOf(result)).toContain('environment-file')
})

test('only the folder in the manifests folder itself holds environments, whatever else has the name', async () => {
  const folder = await makeFolder({
    'environments/prod/manifests/a.yaml': processOf('a'),
    'environments/prod/manifests/team/environments/b.yaml': processOf('b'),
    'environments/prod/manifests/team/environments/deep/c.yaml': processOf('c'),
    'environments/prod/manifests/environments/dev/a.yaml': processOf('a', 'script: other'),
    'environments/compose.yaml': 'services: {}\n',
    'compose.yaml': 'services: {}\n',
  })
  const below = ['Process/a', 'Process/b', 'Process/c']
  const manifests = join(folder, 'environments/prod/manifests')
  for (const [cwd, path, expected] of [
    [join(folder, 'environments/prod'), undefined, below],
    [folder, manifests, below],
    [folder, join(manifests, 'a.yaml'), ['Process/a']],
    [folder, join(manifests, 'team/environments/deep/c.yaml'), ['Process/c']],
    [join(folder, 'environments/prod'), 'manifests/team/environments/deep/c.yaml', ['Process/c']],
  ] as const) {
    const found = await read(cwd, { paths: path === undefined ? [] : [path] })
    expect(found.diagnostics, path).toEqual([])
    expect(
      found.resources.map(({ id }) => id),
      path,
    ).toEqual(expected)
  }
  for (const cwd of [folder, manifests, join(folder, 'environments/prod'), join(manifests, 'environments')]) {
    for (const inner of ['dev', 'dev/a.yaml']) {
      const found = await check(cwd, { paths: [join(manifests, 'environments', inner)] })
      expect(codesOf(found), `${inner} from ${cwd}`).toContain('environment-file')
    }
  }
})
