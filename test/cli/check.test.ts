import { mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callVerb } from '../support/called.ts'
import { removeFolder } from '../support/pm2.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
})
afterEach(() => removeFolder(folder))

describe('a path that does not exist is a finding like any other', () => {
  test.each([
    { args: ['nope.yaml'], code: 'file-missing', file: 'nope.yaml' },
    { args: ['-f', 'some/where.yaml'], code: 'file-missing', file: 'some/where.yaml' },
    { args: ['-f', 'folder'], code: 'nothing-declared', file: 'folder' },
    { args: [], code: 'nothing-declared', file: 'manifests' },
  ])('check $args', async ({ args, code, file }) => {
    const told = await callVerb(folder, ['check', ...args])
    expect(told).toMatchObject({ status: 1, err: '' })
    expect(told.out).toContain(`${file}:1:1: error ${code}: `)
    expect(told.out).toContain('  help: ')
    const { status, out, err } = await callVerb(folder, ['check', ...args, '-o', 'json'])
    expect([status, err]).toEqual([1, ''])
    expect(JSON.parse(out)).toMatchObject({
      summary: { errors: 1, warnings: 0, resources: 0 },
      diagnostics: [{ severity: 'error', code, file, line: 1, column: 1, hint: expect.any(String) }],
    })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('a folder without a resource is as empty as one without a document', () => {
  const settings = 'apiVersion: reconcile.dev/v1\nkind: Fleet\nmetadata: { name: acme }\nspec: {}\n'
  const resource =
    'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec: { script: node }\n'

  beforeEach(async () => {
    await mkdir(join(folder, 'manifests/environments/production'), { recursive: true })
    await writeFile(join(folder, 'manifests/fleet.yaml'), settings)
  })

  test('as a pass says', async () => {
    const told = await callVerb(folder, ['check'])
    expect(told).toMatchObject({ status: 1, err: '' })
    expect(told.out).toContain('manifests:1:1: error nothing-declared: ')
    expect(told.out).toContain('1 error.')
    const passed = await callVerb(folder, [])
    expect(passed).toMatchObject({ status: 1 })
    expect(passed.err).toContain('NothingDeclared')
  })

  test('but where an environment declares one, or a file is judged by itself, nothing is wrong', async () => {
    expect(await callVerb(folder, ['check', 'manifests/fleet.yaml'])).toMatchObject({ status: 0, err: '' })
    await writeFile(join(folder, 'manifests/environments/production/api.yaml'), resource)
    expect(await callVerb(folder, ['check'])).toMatchObject({ status: 0, err: '' })
    expect(await callVerb(folder, ['check', '--env', 'production'])).toMatchObject({ status: 0, err: '' })
  })
})

describe('of what a link leads to outside of the repository nothing is shown', () => {
  const outsideFolder = () => join(folder, 'outside')
  const repository = () => join(folder, 'repository')

  beforeEach(async () => {
    await mkdir(join(outsideFolder(), '.github/workflows'), { recursive: true })
    await writeFile(join(outsideFolder(), '.github/workflows/hosts.yml'), 'jobs:\n  hunter2\n')
    await mkdir(join(repository(), '.git'), { recursive: true })
    await mkdir(join(repository(), '.github/workflows'), { recursive: true })
    await mkdir(join(repository(), 'manifests'))
    await writeFile(
      join(repository(), 'manifests/a.yaml'),
      'apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: a }\nspec: { package: ../package.json }\n',
    )
    await writeFile(join(repository(), 'package.json'), '{}\n')
  })

  test.each([
    { link: '.github/workflows/a.yml', to: '.github/workflows/hosts.yml', args: [], errors: 1 },
    { link: 'a.yml', to: '.github/workflows/hosts.yml', args: ['--workflow', 'a.yml'], errors: 1 },
    { link: 'other', to: '.', args: ['-f', 'other/.github'], errors: 1 },
  ])('check $args, with $link', async ({ link, to, args, errors }) => {
    await symlink(join(outsideFolder(), to), join(repository(), link))
    const { status, out } = await callVerb(repository(), ['check', ...args, '-o', 'json'])
    expect(out).not.toContain('hunter2')
    expect(status).toBe(1)
    const file = args[0] === '-f' ? args[1] : link
    expect(JSON.parse(out)).toMatchObject({
      summary: { errors },
      diagnostics: [{ code: 'file-outside-root', file }],
    })
  })
})
