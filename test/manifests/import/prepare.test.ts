import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ImportedResource } from '../../../src/core/import.ts'
import { resourceId } from '../../../src/core/resource.ts'
import { prepareFiles } from '../../../src/manifests/import/prepare.ts'
import { writeFiles } from '../../../src/manifests/import/write.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { makeFolder, put } from '../support.ts'

const now = Date.UTC(2026, 10, 24)

async function prepare(
  folder: string,
  resources: readonly ImportedResource[],
  schemasFolder = '/nowhere/schemas',
) {
  return prepareFiles(resources, {
    folder: join(folder, 'manifests'),
    schemasFolder,
    reconcilers: new Map([['Process', reconciler]]),
    env: {},
    allow: { hosts: [], paths: [] },
    now,
  })
}

function processOf(name: string, spec: object, environment?: string): ImportedResource {
  return {
    id: resourceId('Process', name),
    environment,
    from: { file: '/eco.config.cjs', line: 3 },
    manifest: { apiVersion: 'reconcile.dev/v1', kind: 'Process', metadata: { name }, spec },
  }
}

const firstLine = (text: string | undefined) => text?.split('\n')[0]

describe('a prepared manifest', () => {
  test('lies beside what has its name and is of another kind, and where it lies already', async () => {
    const folder = await makeFolder({
      'services/a.mjs': '',
      'manifests/site.yaml': 'apiVersion: reconcile.dev/v1\nkind: ScriptSet\nmetadata: { name: site }\n',
      'manifests/api.yaml':
        'apiVersion: reconcile.dev/v1\nkind: Process\nmetadata: { name: api }\nspec: { script: sleep }\n',
      'manifests/note.yaml': '# mine\n',
    })
    const resources = ['site', 'api', 'note'].map((name) => processOf(name, { script: 'sleep' }))
    const { files } = await prepare(folder, resources)
    expect(files.map(({ path }) => path)).toEqual(
      ['process-site', 'api', 'note'].map((name) => join(folder, `manifests/${name}.yaml`)),
    )
  })

  test('names the schemas that lie beside the manifests, and no address that an editor would ask in vain', async () => {
    const resources = [processOf('api', { script: 'sleep' }), processOf('api', { args: ['1'] }, 'production')]
    const folder = await makeFolder()
    const bare = await prepare(folder, resources)
    expect(bare.files.map(({ text }) => firstLine(text))).toEqual([
      'apiVersion: reconcile.dev/v1',
      'apiVersion: reconcile.dev/v1',
    ])
    await put(join(folder, 'manifests/.schemas/manifest.schema.json'), '{}')
    await put(join(folder, 'manifests/.schemas/patch.schema.json'), '{}')
    const { files } = await prepare(folder, resources)
    expect(files.map(({ text }) => firstLine(text))).toEqual([
      '# yaml-language-server: $schema=.schemas/manifest.schema.json',
      '# yaml-language-server: $schema=../../.schemas/patch.schema.json',
    ])
  })

  test('names its schema, and its paths are relative to its file', async () => {
    const folder = await makeFolder({ 'services/api.mjs': '', 'schemas/common.schema.json': '{}' })
    const { files, errors } = await prepare(
      folder,
      [
        processOf('api', {
          script: join(folder, 'services/api.mjs'),
          args: ['1', join(folder, 'services')],
          cwd: folder,
          logs: { out: '/var/log/api.log' },
        }),
      ],
      join(folder, 'schemas'),
    )
    expect(errors).toEqual([])
    expect(files[0]?.path).toBe(join(folder, 'manifests/api.yaml'))
    expect(files[0]?.text).toBe(
      [
        '# yaml-language-server: $schema=../schemas/process.schema.json',
        'apiVersion: reconcile.dev/v1',
        'kind: Process',
        'metadata:',
        '  name: api',
        'spec:',
        '  script: ../services/api.mjs',
        '  args:',
        '    - "1"',
        `    - ${join(folder, 'services')}`,
        '  cwd: ..',
        '  logs:',
        '    out: /var/log/api.log',
        '',
      ].join('\n'),
    )
  })

  test('of an environment lies in its folder, and its paths are relative to the file that it is laid over', async () => {
    const folder = await makeFolder({ 'a.mjs': '', 'b.mjs': '' })
    const { files, errors } = await prepare(folder, [
      processOf('api', { script: join(folder, 'a.mjs') }),
      processOf('api', { script: join(folder, 'b.mjs') }, 'production'),
    ])
    expect(errors).toEqual([])
    expect(files[1]?.path).toBe(join(folder, 'manifests/environments/production/api.yaml'))
    expect(files[1]?.text).toContain('script: ../b.mjs')
  })

  test('that check would refuse is an error with the place it came from, and its overlay goes with it', async () => {
    const folder = await makeFolder({ 'a.mjs': '' })
    const script = join(folder, 'a.mjs')
    const { files, errors } = await prepare(folder, [
      processOf('good', { script }),
      processOf('bad', { script, instances: 500 }),
      processOf('bad', { args: ['x'] }, 'production'),
    ])
    expect(files.map(({ id }) => id)).toEqual(['Process/good'])
    expect(errors).toMatchObject([
      { file: '/eco.config.cjs', line: 3, code: 'wrong-value' },
      { file: '/eco.config.cjs', line: 3, code: 'patch-without-base' },
    ])
  })

  test('of what is declared in another file already is an error that names it', async () => {
    const folder = await makeFolder({ 'a.mjs': '' })
    const script = join(folder, 'a.mjs')
    const first = await prepare(folder, [processOf('other', { name: 'api', script })])
    await writeFiles(first.files, { force: false, dryRun: false })
    const { files, errors } = await prepare(folder, [
      processOf('api', { script }),
      processOf('free', { script }),
    ])
    expect(files.map(({ id }) => id)).toEqual(['Process/free'])
    expect(errors).toMatchObject([{ code: 'duplicate-name' }])
    expect(errors[0]?.message).toContain('other.yaml')
  })
})
