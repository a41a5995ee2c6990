import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { invoke } from '../../support/invoke.ts'
import { makeFolder, plainEnv, removeFolder } from '../../support/pm2.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await removeFolder(folder)
})

async function folderWith(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await makeFolder()
  folders.push(folder)
  for (const [name, text] of Object.entries({ ...manifest, ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

const manifest = {
  'manifests/api.yaml':
    'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec: { script: sleep }\n',
}

const init = (cwd: string, ...args: readonly string[]) =>
  invoke(['init', '--editor', ...args], { cwd, env: { PATH: plainEnv.PATH ?? '', PM2_HOME: join(cwd, 'p') } })

/** Every file below a folder with what it holds. */
async function contentOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = paths.map(
    async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const,
  )
  return Object.fromEntries(await Promise.all(texts))
}

test('all editors are prepared for the manifests that are there, and a second time nothing changes', async () => {
  const cwd = await folderWith()
  const { status, out } = await init(cwd)
  expect([status, out]).toEqual([
    0,
    [
      'manifests/.schemas/manifest.schema.json: made',
      'manifests/.schemas/patch.schema.json: made',
      '.vscode/settings.json: made',
      '.vscode/extensions.json: made',
      '.zed/settings.json: made',
      '.nvim.lua: made',
      '.idea/jsonSchemas.xml: made',
      '',
    ].join('\n'),
  ])
  const made = await contentOf(cwd)
  expect(made['manifests/api.yaml']).toBe(manifest['manifests/api.yaml'])
  const { out: again } = await init(cwd, 'all')
  expect(again.match(/: unchanged$/gm)).toHaveLength(7)
  expect(await contentOf(cwd)).toEqual(made)
  // Schemas are no manifests.
  expect(await invoke(['check', '--strict'], { cwd, env: {} })).toMatchObject({ status: 0 })
})

test('a dry run says the same and writes nothing, and one editor alone is one', async () => {
  const cwd = await folderWith()
  const before = await contentOf(cwd)
  const { status, out } = await init(cwd, 'zed', '--dry-run')
  expect([status, out]).toEqual([
    0,
    [
      'manifests/.schemas/manifest.schema.json: would be made',
      'manifests/.schemas/patch.schema.json: would be made',
      '.zed/settings.json: would be made',
      '',
    ].join('\n'),
  ])
  expect(await contentOf(cwd)).toEqual(before)
  await init(cwd, 'zed')
  expect(Object.keys(await contentOf(cwd)).sort()).toEqual([
    '.zed/settings.json',
    'manifests/.schemas/manifest.schema.json',
    'manifests/.schemas/patch.schema.json',
    'manifests/api.yaml',
  ])
})

test('what people wrote stays, comments and all', async () => {
  const mine = "-- mine\nvim.o.number = true\nvim.lsp.enable('yamlls')"
  const cwd = await folderWith({
    '.vscode/settings.json':
      '// settings of the team\n{\n\t"editor.tabSize": 4, // four\n\t"yaml.schemas": {\n\t\t"./manifests/.schemas/patch.schema.json": "mine/*.yaml", // on purpose\n\t},\n}\n',
    '.vscode/extensions.json': '{ "recommendations": [ "a.b" /* needed */ ] }',
    '.zed/settings.json':
      '{ "lsp": { "yaml-language-server": { "settings": { "yaml": { "keyOrdering": false } } } } }\n',
    '.nvim.lua': mine,
    '.idea/jsonSchemas.xml':
      '<?xml version="1.0" encoding="UTF-8"?>\n<project version="4">\n  <component name="JsonSchemaMappingsProjectConfiguration">\n    <state>\n      <map>\n        <entry key="other">\n          <value>\n            <SchemaInfo />\n          </value>\n        </entry>\n      </map>\n    </state>\n  </component>\n</project>\n',
  })
  expect(await init(cwd)).toMatchObject({ status: 0 })
  const made = await contentOf(cwd)
  const shown = Object.entries(made).filter(([path]) => !path.startsWith('manifests/'))
  await expect(
    shown
      .map(([path, text]) => `== ${path}\n${text}`)
      .sort()
      .join('\n'),
  ).toMatchFileSnapshot('goldens/merged.txt')
  expect(made['.nvim.lua']?.startsWith(mine)).toBe(true)
  await init(cwd)
  expect(await contentOf(cwd)).toEqual(made)
  // What is ours is brought up to date where it stands.
  await writeFile(join(cwd, '.nvim.lua'), `${made['.nvim.lua']?.replaceAll('.yaml', '.old')}-- after\n`)
  await init(cwd, 'neovim')
  expect(await readFile(join(cwd, '.nvim.lua'), 'utf8')).toBe(`${made['.nvim.lua']}-- after\n`)
})

test.each([
  ['.vscode/settings.json', '{ "a": ', 'it is no JSON object'],
  ['.vscode/settings.json', '{ "yaml.schemas": [] }', '`yaml.schemas` is no object'],
  ['.vscode/extensions.json', '{ "recommendations": "a" }', '`recommendations` is no list'],
  [
    '.zed/settings.json',
    '{ "lsp": { "yaml-language-server": 1 } }',
    '`lsp.yaml-language-server` is no object',
  ],
  ['.idea/jsonSchemas.xml', '<project version="4">', 'expected </project> in it'],
])('%s that cannot be added to (%s) is named, and nothing is written', async (path, text, why) => {
  const cwd = await folderWith({ [path]: text })
  const before = await contentOf(cwd)
  const { status, err } = await init(cwd)
  expect([status, err]).toEqual([
    1,
    expect.stringContaining(`Cannot add to ${path}: ${why}. Nothing was written`),
  ])
  expect(await contentOf(cwd)).toEqual(before)
})

test('a folder behind a link is named by where it really lies', async () => {
  const cwd = await folderWith({ 'deploy/manifests/api.yaml': manifest['manifests/api.yaml'] })
  await mkdir(join(cwd, '.git'))
  await symlink(join(cwd, 'deploy'), join(cwd, 'current'))
  await init(cwd, 'vscode', '--out', 'current/manifests')
  const settings = JSON.parse(await readFile(join(cwd, '.vscode/settings.json'), 'utf8'))
  expect(Object.keys(settings['yaml.schemas'])).toEqual([
    './deploy/manifests/.schemas/manifest.schema.json',
    './deploy/manifests/.schemas/patch.schema.json',
  ])
})

test('the line of ours that names an address on the web names the copy instead, in links and with other line ends too', async () => {
  const web = '# yaml-language-server: $schema=https://reconcile.dev/schemas/process.schema.json'
  const body = manifest['manifests/api.yaml']
  const patch = 'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec: { args: [a] }\n'
  const other = '# yaml-language-server: $schema=https://example.com/schemas/process.schema.json\n'
  const cwd = await folderWith({
    'manifests/api.yaml': `${web}\r\n${body.replaceAll('\n', '\r\n')}`,
    'manifests/other.yaml': `${other}${body.replace('name: api', 'name: other')}`,
    'manifests/environments/production/api.yaml': `${web}\n${patch}`,
    'shared/deep.yaml': `${web}\n${body.replace('name: api', 'name: deep')}`,
  })
  await mkdir(join(cwd, 'manifests/deep'))
  await symlink(join(cwd, 'shared/deep.yaml'), join(cwd, 'manifests/deep/deep.yaml'))
  await init(cwd, 'vscode')
  const lineOf = async (path: string) => (await readFile(join(cwd, path), 'utf8')).split('\n')[0]
  expect(await lineOf('manifests/api.yaml')).toBe(
    '# yaml-language-server: $schema=.schemas/manifest.schema.json\r',
  )
  expect(await lineOf('manifests/environments/production/api.yaml')).toBe(
    '# yaml-language-server: $schema=../../.schemas/patch.schema.json',
  )
  expect(await lineOf('manifests/other.yaml')).toBe(other.trim())
  expect(await lineOf('shared/deep.yaml')).toContain('.schemas/manifest.schema.json')
  expect((await lstat(join(cwd, 'manifests/deep/deep.yaml'))).isSymbolicLink()).toBe(true)
})
