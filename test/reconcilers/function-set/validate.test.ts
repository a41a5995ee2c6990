import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reconciler } from '../../../src/reconcilers/function-set/index.ts'
import { check, makeFolder } from '../../manifests/support.ts'

const plain = 'export default async () => {}\n'

function manifest(...spec: readonly string[]): string {
  const head = ['apiVersion: reconcile.dev/v1', 'kind: FunctionSet', 'metadata: { name: site }', 'spec:']
  return [...head, '  site: acme-site', ...spec.map((line) => `  ${line}`), ''].join('\n')
}

/** What `check` says of a project with the function `hello`, each as `file:line:column code: message`. */
async function told(
  files: Readonly<Record<string, string>>,
  spec: readonly string[] = [],
  directory = '../netlify/functions',
): Promise<readonly string[]> {
  const folder = await makeFolder({
    'manifests/site.yaml': manifest(`directory: ${directory}`, ...spec),
    'netlify/functions/hello.mjs': plain,
    ...files,
  })
  return toldOf(folder)
}

async function toldOf(folder: string): Promise<readonly string[]> {
  const { diagnostics } = await check(folder, { reconcilers: new Map([['FunctionSet', reconciler]]) })
  return diagnostics.map(({ severity, code, message, position: { file, line, column } }) => {
    // Whoever reads it sees a place of the working directory, and nothing of the machine.
    expect(message).not.toContain(folder)
    return `${file.replace(`${folder}/`, '')}:${line}:${column} ${severity} ${code}: ${message}`
  })
}

test('says nothing of a project that is in order', async () => {
  const files = {
    'netlify.toml':
      '[functions."hello"]\nschedule = "0 4 * * *"\n[functions."a*"]\nnode_bundler = "esbuild"\n',
    'netlify/functions/nightly.mts': `${plain}export const config: Config = { schedule: '@daily' }\n`,
    'netlify/functions/asked.mjs': plain,
    'list.json': '{"functions":[{"name":"asked"},{"name":"hello"},{"name":"nightly"}]}',
  }
  const spec = [
    'schedules: { hello: "0 4 * * *" }',
    'verify: [{ function: asked }]',
    'inventory: ../list.json',
  ]
  expect(await told(files, spec)).toEqual([])
})

test('names a directory that cannot be read as the manifest has it', async () => {
  expect(await told({}, [], '../gone')).toEqual([
    'manifests/site.yaml:6:14 error function-set-directory-missing: Could not read the directory ../gone: there is none',
  ])
  expect(await told({}, [], '../netlify/functions/hello.mjs')).toEqual([
    'manifests/site.yaml:6:14 error function-set-directory-missing: Could not read the directory ../netlify/functions/hello.mjs: it is something else',
  ])
})

test('refuses two files that are one function, and what is no name', async () => {
  const files = { 'netlify/functions/hello.ts': plain, 'netlify/functions/a b.mjs': plain }
  expect(await told(files)).toEqual([
    'manifests/site.yaml:6:14 error function-set-names: a b.mjs is no name for a function: letters, digits, `-` and `_` only',
    'manifests/site.yaml:6:14 error function-set-names: hello.mjs and hello.ts are both the function hello',
  ])
})

test('names a link that leads nowhere, where it may have been a function that is meant', async () => {
  const folder = await makeFolder({
    'manifests/site.yaml': manifest('directory: ../functions', 'exclude: ["_*"]'),
    'functions/hello.mjs': plain,
  })
  for (const name of ['gone.mjs', 'folder', 'notes.txt', '_excluded.mjs']) {
    await symlink('nowhere', join(folder, 'functions', name))
  }
  await symlink('loop.mjs', join(folder, 'functions/loop.mjs'))
  expect(await toldOf(folder)).toEqual([
    'manifests/site.yaml:6:14 error function-set-names: the link folder leads nowhere',
    'manifests/site.yaml:6:14 error function-set-names: the link gone.mjs leads nowhere',
    'manifests/site.yaml:6:14 error function-set-names: the link loop.mjs cannot be followed (ELOOP)',
  ])
})

test('refuses links out of the fleet root, and shows nothing of what they lead to', async () => {
  const elsewhere = await makeFolder({
    'secret.mjs': "export const config = { schedule: 'password' }\n",
    'secret.toml': 'password\n',
  })
  const folder = await makeFolder({
    'manifests/site.yaml': manifest('directory: ../functions'),
    'functions/hello.mjs': plain,
    'functions/inside.txt': plain,
    'functions/folder/.keep': '',
  })
  await symlink('inside.txt', join(folder, 'functions/near.mjs'))
  await symlink(join(elsewhere, 'secret.mjs'), join(folder, 'functions/far.mjs'))
  await symlink(join(elsewhere, 'secret.mjs'), join(folder, 'functions/folder/index.mjs'))
  await symlink(join(elsewhere, 'secret.toml'), join(folder, 'netlify.toml'))
  const out = (name: string) =>
    `manifests/site.yaml:6:14 error function-set-outside-root: ${name} is a link that leads out of the fleet root`
  expect(await toldOf(folder)).toEqual(['far.mjs', 'folder/index.mjs', 'netlify.toml'].map(out))
})

test('does not look into a directory that lies outside the fleet root', async () => {
  const elsewhere = await makeFolder({ 'functions/a b.mjs': plain, 'netlify.toml': 'password\n' })
  expect(await told({}, [], `${elsewhere}/functions`)).toEqual([
    'manifests/site.yaml:6:14 error path-outside-root: `directory` leads out of the fleet root',
  ])
})

test('warns of a directory without a function, and of functions that are none for us', async () => {
  expect(await told({}, ['exclude: ["*"]'])).toEqual([
    'manifests/site.yaml:6:14 warning function-set-empty: The directory ../netlify/functions holds no function',
  ])
  const files = { 'netlify/functions/ready.zip': 'PK', 'netlify/functions/old.go': 'package main' }
  expect(await told(files)).toEqual([
    'manifests/site.yaml:6:14 warning function-set-passed-over: old.go, ready.zip: functions are deployed from their source in JavaScript or TypeScript, and nothing else is',
  ])
  expect(await told(files, ['exclude: [ready, old]'])).toEqual([])
})

test('refuses names of functions that are not there', async () => {
  const spec = ['schedules: { gone: "0 4 * * *" }', 'verify: [{ function: gone }]']
  expect(await told({}, spec)).toEqual([
    'manifests/site.yaml:7:22 error function-set-unknown-function: schedules names gone, and the directory holds no such function',
    'manifests/site.yaml:8:24 error function-set-unknown-function: verify names gone, and the directory holds no such function',
  ])
})

test.each([
  ['99 99 * * *', 'invalid value for minute: 99'],
  ['0 4 * *', 'it has 4 fields, and Netlify takes 5'],
  ['0 0 4 * * *', 'it has 6 fields, and Netlify takes 5'],
  ['0 0 31 2 *', 'it can never fire'],
  ['@reboot', 'it has 1 fields, and Netlify takes 5'],
])('refuses the schedule %s wherever it stands, at its place', async (cron, why) => {
  const expected = (place: string) =>
    expect.stringMatching(
      new RegExp(
        `^${place} error function-set-schedule-invalid: The schedule of hello cannot be used: .*${why}`,
      ),
    )
  expect(await told({}, [`schedules: { hello: "${cron}" }`])).toEqual([expected('manifests/site.yaml:7:23')])
  const toml = `[build]\npublish = "public"\n\n[functions."hello"]\n  # nightly\n  schedule = "${cron}"\n`
  expect(await told({ 'netlify.toml': toml })).toEqual([expected('netlify.toml:6:3')])
  const source = `${plain}export const config = {\n  schedule: '${cron}',\n}\n`
  expect(await told({ 'netlify/functions/hello.mjs': source })).toEqual([
    expected('netlify/functions/hello.mjs:3:13'),
  ])
  // What the manifest says goes before both.
  const files = { 'netlify.toml': toml, 'netlify/functions/hello.mjs': source }
  expect(await told(files, ['schedules: { hello: "@daily" }'])).toEqual([])
})

test('reads a schedule in the source of a folder, and in TypeScript', async () => {
  const source = `import type { Config } from '@netlify/functions'\n${plain}export const config: Config = { schedule: "99 99 * * *" }\n`
  expect(await told({ 'netlify/functions/deep/index.mts': source })).toEqual([
    expect.stringMatching(
      /^netlify\/functions\/deep\/index\.mts:3:43 error function-set-schedule-invalid: .*deep/,
    ),
  ])
})

test('bounds a timeout, and says where a rollback does nothing', async () => {
  expect(
    await told({}, ['verify: [{ function: hello, timeout: 1m }]', 'rollbackOnFailedVerify: true']),
  ).toEqual([
    'manifests/site.yaml:7:40 error function-set-verify-timeout: Expected timeout to be from 1ms to 15s, got 1m',
  ])
  expect(await told({}, ['rollbackOnFailedVerify: true'])).toEqual([
    'manifests/site.yaml:7:27 warning function-set-rollback-without-verify: rollbackOnFailedVerify does nothing without verify',
  ])
})

test('warns of requests that Netlify answers otherwise than they expect', async () => {
  const files = {
    'netlify.toml': '[functions."by-toml"]\nschedule = "@daily"\n',
    'netlify/functions/by-toml.mjs': plain,
    'netlify/functions/by-source.mts': `${plain}export const config: Config = { schedule: '@daily' }\n`,
    'netlify/functions/by-manifest.mjs': plain,
    'netlify/functions/mail-background.mjs': plain,
    'netlify/functions/routed.mts': `${plain}export const config: Config = { path: ['/api/routed', '/r'] }\n`,
  }
  const asks = [
    'function: by-toml',
    'function: by-source',
    'function: by-manifest',
    'function: mail-background',
    'function: mail-background, status: 202',
    'function: routed',
    'function: routed, path: /api/routed',
    'function: hello',
  ]
  const spec = ['schedules: { by-manifest: "@daily" }', 'verify:', ...asks.map((ask) => `  - { ${ask} }`)]
  const warned = (line: number, message: string) =>
    `manifests/site.yaml:${line}:7 warning function-set-verify-address: ${message}`
  const scheduled = (name: string) =>
    `verify asks ${name}, which runs on a schedule: Netlify answers no request to it`
  expect(await told(files, spec)).toEqual([
    warned(9, scheduled('by-toml')),
    warned(10, scheduled('by-source')),
    warned(11, scheduled('by-manifest')),
    warned(
      12,
      'verify expects 200 of mail-background: Netlify answers 202 for a function in the background, whatever becomes of it',
    ),
    warned(
      14,
      'verify asks /.netlify/functions/routed, and routed has a `path` of its own: Netlify serves it there alone',
    ),
  ])
})

test('shows where netlify.toml is no TOML', async () => {
  expect(await told({ 'netlify.toml': '[build]\npublish = "public"\n[functions\n' })).toEqual([
    expect.stringMatching(
      /^netlify\.toml:3:\d+ error function-set-toml-invalid: netlify\.toml is no TOML: [^\n]+$/,
    ),
  ])
})

test('warns of settings without a function, each at its place', async () => {
  const toml = [
    '[functions]',
    'directory = "netlify/functions"',
    'included_files = [',
    '  "data/[functions.fake].json",',
    ']',
    '[functions.gone]',
    'node_bundler = "esbuild"',
    '[functions."gone-too"]',
    'node_bundler = "esbuild"',
    '[functions."hello"]',
    'node_bundler = "esbuild"',
    '',
  ].join('\n')
  expect(await told({ 'netlify.toml': toml })).toEqual([
    'netlify.toml:6:1 warning function-set-toml-names: netlify.toml has settings for the function gone, and ../netlify/functions holds none of that name',
    'netlify.toml:8:1 warning function-set-toml-names: netlify.toml has settings for the function gone-too, and ../netlify/functions holds none of that name',
  ])
})

test('warns of schedules in forms that Netlify does not read, and not of a function that is called so', async () => {
  const toml = [
    '# Every night.',
    '[[scheduled.functions]]',
    'name = "hello"',
    '[functions.schedule]',
    'hello = "0 4 * * *"',
    '[functions."hello"]',
    'cron = "0 4 * * *"',
    'schedule = ["0 4 * * *"]',
    '',
  ].join('\n')
  const unread = (place: string, form: string) =>
    `netlify.toml:${place} warning function-set-toml-schedule: ${form} is a schedule in a form that Netlify does not read`
  expect(await told({ 'netlify.toml': toml })).toEqual([
    unread('2:1', '[scheduled]'),
    unread('4:1', 'functions.schedule'),
    unread('7:1', 'functions.hello.cron'),
    unread('8:1', 'functions.hello.schedule'),
  ])
  const files = {
    'netlify.toml': '[functions.schedule]\nschedule = "@daily"\n',
    'netlify/functions/schedule.mjs': plain,
  }
  expect(await told(files)).toEqual([])
})

test('warns of an inventory that is not what the directory holds', async () => {
  const spec = ['inventory: ../list.json']
  const differs = 'manifests/site.yaml:7:14 warning function-set-inventory-differs: ../list.json'
  expect(await told({ 'list.json': '{"functions":["gone"]}' }, spec)).toEqual([
    `${differs} lacks what has a file: function hello`,
    `${differs} names what has no file: function gone`,
  ])
  expect(await told({ 'list.json': '' }, spec)).toEqual([`${differs} lacks what has a file: function hello`])
})

test.each([
  ['is another kind of file', '{"name":"precious","dependencies":{}}'],
  ['is no JSON', 'nothing'],
  ['lists what has no names', '[{"source":"functions"}]'],
])('refuses an inventory that %s: a pass would write over it', async (_, text) => {
  expect(await told({ 'list.json': text }, ['inventory: ../list.json'])).toEqual([
    'manifests/site.yaml:7:14 error function-set-inventory-foreign: ../list.json is no list of functions, and is not written over',
  ])
})

test('refuses a folder as inventory', async () => {
  expect(await told({ 'list.json/a.txt': '' }, ['inventory: ../list.json'])).toEqual([
    expect.stringMatching(
      /^manifests\/site.yaml:7:14 error function-set-inventory-foreign: \.\.\/list\.json cannot be read: /,
    ),
  ])
})
