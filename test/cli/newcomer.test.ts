import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { callVerb } from '../support/called.ts'
import { makeFolder, removeFolder } from '../support/pm2.ts'

let folder: string
const call = (...args: string[]) => callVerb(folder, args)

beforeEach(async () => {
  folder = await makeFolder()
  await mkdir(join(folder, 'manifests'))
  await writeFile(join(folder, 'package.json'), '{ "name": "site", "scripts": { "build": "echo" } }\n')
  await writeFile(
    join(folder, 'manifests/site.yaml'),
    'apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: site }\nspec:\n  package: ../package.json\n',
  )
})
afterEach(() => removeFolder(folder))

test.each([
  ['a misspelt verb', ['aply'], 'Did you mean `reconcile apply`?'],
  ['a verb of kubectl', ['get'], 'Did you mean `reconcile status`?'],
  ['a verb that is like none', ['frobnicate'], '`reconcile --help` lists the verbs'],
  ['an option that a pass does not have', ['--dryrun'], '`reconcile pass --help` lists what it takes'],
  ['manifests for `apply`', ['apply', '-f', 'manifests'], 'manifests are applied by `reconcile` alone'],
  [
    'an option that is left out',
    ['suspend', 'ScriptSet/site'],
    '`reconcile suspend --help` lists what it takes',
  ],
  ['a name without its kind', ['describe', 'site'], 'Did you mean ScriptSet/site?'],
  ['a kind in small letters', ['status', 'scriptset'], 'Did you mean ScriptSet?'],
  ['an id in small letters', ['status', 'scriptset/site'], 'Did you mean ScriptSet/site?'],
  ['a name that nothing has', ['status', 'nope'], '`reconcile status` lists them'],
  ['events of a name without its kind', ['events', 'site'], 'Did you mean ScriptSet/site?'],
])('%s is refused with what helps', async (_, args, help) => {
  expect(await call(...args)).toEqual({ status: 1, out: '', err: expect.stringContaining(help) })
})

test('a folder that was moved says what takes its state along', async () => {
  expect(await call()).toMatchObject({ status: 0 })
  const before = folder
  folder = `${before}-moved`
  await rename(before, folder)
  expect(await call()).toMatchObject({
    status: 1,
    err: expect.stringContaining('Was the folder moved? Say --rebind once'),
  })
  expect(await call('--rebind')).toMatchObject({ status: 0 })
})

test('a pass over a fleet that is down says what ends it, and that says what starts it', async () => {
  expect(await call('down', '--yes')).toMatchObject({ status: 0 })
  const ending = 'The fleet is down; `reconcile resume --all` ends it.\n'
  const { out } = await call()
  expect(out.split(ending)).toHaveLength(out.includes('stopped: the fleet is down') ? 2 : 1)
  expect((await call('resume', '--all')).out).toContain(
    'The fleet is no longer down; `reconcile` starts it.\n',
  )
})

test('a folder without resources says how all of it is meant to go', async () => {
  await writeFile(join(folder, 'manifests/site.yaml'), 'apiVersion: reconcile.dev/v1\nkind: Fleet\n')
  const cure = '`reconcile --allow-deletions N` says so, of what the fleet still owns.'
  expect(await call()).toMatchObject({ status: 1, err: expect.stringContaining(cure) })
})

test('a pass that is not well says where the cures are', async () => {
  await writeFile(
    join(folder, 'package.json'),
    '{ "name": "site", "scripts": { "build": "node gone.mjs" } }\n',
  )
  const cure = 'Not all is well; `reconcile report` says what to do.\n'
  expect(await call()).toMatchObject({ status: 1, out: expect.stringContaining(cure) })
  expect((await call('-q')).out).not.toContain(cure)
  expect((await call('report')).out).toContain('What to do')
})

test.each([
  [
    'a field that is indented deeper than the one above',
    '  package: ../package.json\n   resolve: none\n',
    'The next line is indented deeper',
  ],
  ['a field without a colon', '  package ../package.json\n', 'with a colon and a space'],
  ['two colons in one line', '  package: a: b\n', 'Write the value in quotes'],
])('%s is told what to do about it', async (_, spec, help) => {
  const file = join(folder, 'manifests/site.yaml')
  await writeFile(
    file,
    `apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: site }\nspec:\n${spec}`,
  )
  expect(await call('check')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/^manifests\/site\.yaml:5:/),
    err: '',
  })
  expect((await call('check')).out).toContain(help)
})
