import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoke } from '../../support/invoke.ts'
import { LanguageServer } from '../../support/language-server.ts'
import { makeFolder, plainEnv, removeFolder } from '../../support/pm2.ts'

const head = (kind: string) => `apiVersion: reconcile.dev/v1\nkind: ${kind}\nmetadata: { name: api }\nspec:\n`
let cwd: string

beforeAll(async () => {
  cwd = await makeFolder()
  const env = { PATH: plainEnv.PATH ?? '', PM2_HOME: join(cwd, 'p') }
  expect(await invoke(['init', '--editor'], { cwd, env })).toMatchObject({ status: 0 })
})
afterAll(() => removeFolder(cwd))

const settingsOf: Readonly<Record<string, () => Promise<unknown>>> = {
  'VS Code': async () => ({
    schemas: JSON.parse(await readFile(join(cwd, '.vscode/settings.json'), 'utf8'))['yaml.schemas'],
  }),
  Zed: async () =>
    JSON.parse(await readFile(join(cwd, '.zed/settings.json'), 'utf8')).lsp['yaml-language-server'].settings
      .yaml,
}

describe.each(Object.keys(settingsOf))('without a network %s', (editor) => {
  let server: LanguageServer
  beforeAll(async () => {
    server = await LanguageServer.open(cwd, await settingsOf[editor]?.())
  })
  afterAll(() => server.close())

  test('checks, explains and completes each document of a manifest by its kind', async () => {
    const path = join(cwd, 'manifests/deep/api.yaml')
    const process = `${head('Process')}  script: api.mjs\n  instances: lots\n  maxMemoy: 1G\n`
    const workflow = `${head('Workflow')}  repository: acme/site\n  `
    expect(await server.show(path, `${process}---\n${workflow}`)).toEqual([
      { at: '6:14', message: 'Incorrect type. Expected "integer".' },
      { at: '7:3', message: 'Property maxMemoy is not allowed.' },
      { at: '12:1', message: 'Missing property "path".' },
    ])
    expect(await server.hover(path, 6, 5)).toContain('How many of it run: 1 to 128')
    expect(await server.hover(path, 13, 5)).toContain('The repository, as')
    expect(await server.complete(path, 14, 3)).toEqual(
      expect.arrayContaining(['reenable', 'green', 'dependsOn']),
    )
    expect(await server.complete(path, 14, 3)).not.toContain('maxMemory')
  })

  test('knows that an environment only patches', async () => {
    const path = join(cwd, 'manifests/environments/production/api.yaml')
    const patch = `${head('Process')}  maxMemory: null\n  instances: lots\n  env: { LOG_LEVEL: null }\n  `
    const dropped = 'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: old }\n$delete: true\n'
    expect(await server.show(path, `${patch}\n---\n${dropped}`)).toEqual([
      { at: '6:14', message: 'Incorrect type. Expected one of integer, null.' },
    ])
    expect(await server.hover(path, 5, 5)).toContain('PM2 restarts it when it uses more')
    expect(await server.complete(path, 8, 3)).toEqual(expect.arrayContaining(['script', 'health']))
  })

  test('knows the kind of a new document', async () => {
    const path = join(cwd, 'manifests/new.yaml')
    await server.show(path, 'apiVersion: reconcile.dev/v1\nkind: \n')
    expect(await server.complete(path, 2, 7)).toEqual(expect.arrayContaining(['Process', 'Policy']))
  })
})

test('a manifest that init wrote names its schema, so that an editor without settings finds it', async () => {
  const path = join(cwd, 'manifests/hello.yaml')
  const server = await LanguageServer.open(cwd, {})
  try {
    const text = await readFile(path, 'utf8')
    expect(await server.show(path, `${text}  maxMemoy: 1G\n`)).toEqual([
      expect.objectContaining({ message: 'Property maxMemoy is not allowed.' }),
    ])
  } finally {
    server.close()
  }
})
