import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder, processOf, read } from './support.ts'

test('every variable that is referred to is told, of whatever kind, and whether it is set or not', async () => {
  const receiver = (name: string, variable: string) =>
    `apiVersion: reconcile.dev/v1\nkind: Receiver\nmetadata: { name: ${name} }\nspec: { slack: { url: { fromEnv: ${variable} } } }\n`
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'env: { A: { fromEnv: SET }, B: { fromEnv: UNSET, default: "" } }'),
    'manifests/b.yaml': `${receiver('chat', 'CHAT')}---\n${receiver('other', 'OTHER')}`,
    'manifests/fleet.yaml':
      'apiVersion: reconcile.dev/v1\nkind: Fleet\nspec: { github: { token: { fromEnv: ACME_TOKEN } } }\n',
  })
  const { variables, fleet } = await read(folder, { env: { SET: 'a', CHAT: 'https://example.com' } })
  expect([...variables].sort()).toEqual(['ACME_TOKEN', 'CHAT', 'OTHER', 'SET', 'UNSET'])
  // A token that could not be read says where it was looked for, and is not taken from anywhere else.
  expect(fleet.github.token).toMatchObject({ isRead: false, source: 'fromEnv ACME_TOKEN' })
})

test('a field stands where it was written last, in the base or in the overlay', async () => {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a', 'env: { A: "1" }', 'maxMemory: 512M'),
    'manifests/environments/production/a.yaml': processOf('a', 'env:', '  B: { fromEnv: B }').replace(
      '  script: sleep\n',
      '',
    ),
  })
  const { resources, placeOf } = await read(folder, { environment: 'production' })
  const id = resources[0]?.id
  if (id === undefined) throw new Error('Expected a resource')
  const base = join(folder, 'manifests/a.yaml')
  const patch = join(folder, 'manifests/environments/production/a.yaml')
  expect(placeOf(id, ['spec', 'maxMemory'])).toMatchObject({ file: base, line: 7 })
  expect(placeOf(id, ['spec', 'env', 'A'])).toMatchObject({ file: base, line: 6 })
  expect(placeOf(id, ['spec', 'env', 'B'])).toMatchObject({ file: patch, line: 6 })
})
