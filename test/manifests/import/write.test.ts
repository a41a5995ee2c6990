import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resourceId } from '../../../src/core/resource.ts'
import type { PreparedFile } from '../../../src/manifests/import/prepare.ts'
import { writeFiles } from '../../../src/manifests/import/write.ts'
import { makeFolder } from '../support.ts'

const file = (folder: string, text = 'new\n', name = 'api.yaml'): PreparedFile => ({
  id: resourceId('Process', 'api'),
  environment: undefined,
  from: { file: 'pm2', line: undefined },
  path: join(folder, 'manifests', name),
  text,
})
const plain = { force: false, dryRun: false }

test('a file is written whole, with the folders that lead to it, and nothing beside it', async () => {
  const folder = await makeFolder()
  const one = file(folder, 'text\n', 'environments/production/api.yaml')
  const { outcomes, errors } = await writeFiles([one], plain)
  expect([...outcomes.values(), errors]).toEqual(['written', []])
  expect(await readFile(one.path, 'utf8')).toBe('text\n')
  expect(await readdir(join(one.path, '..'))).toEqual(['api.yaml'])
})

test('a file with other content stays, and the rest is written', async () => {
  const folder = await makeFolder({ 'manifests/api.yaml': 'old\n' })
  const other = file(folder, 'other\n', 'web.yaml')
  const { outcomes, errors } = await writeFiles([file(folder), other], plain)
  expect([...outcomes.values()]).toEqual(['refused', 'written'])
  expect(errors).toMatchObject([{ file: join(folder, 'manifests/api.yaml'), code: 'import-file-exists' }])
  expect(await readFile(join(folder, 'manifests/api.yaml'), 'utf8')).toBe('old\n')
  expect(await readFile(other.path, 'utf8')).toBe('other\n')
})

test('force replaces a file; a link that stood there is replaced, and not what it leads to', async () => {
  const folder = await makeFolder({ 'precious.yaml': 'precious\n', 'manifests/keep.yaml': '' })
  await symlink('../precious.yaml', join(folder, 'manifests/api.yaml'))
  const { outcomes } = await writeFiles([file(folder)], { force: true, dryRun: false })
  expect([...outcomes.values()]).toEqual(['written'])
  expect(await readFile(join(folder, 'manifests/api.yaml'), 'utf8')).toBe('new\n')
  expect(await readFile(join(folder, 'precious.yaml'), 'utf8')).toBe('precious\n')
})

test('nothing is written over what declares something else, too, whatever is asked', async () => {
  const head = (name: string) => `kind: Process\nmetadata: { name: ${name} }\n`
  const both = `${head('api')}---\n${head('worker')}`
  const folder = await makeFolder({ 'manifests/api.yaml': both })
  const { outcomes, errors } = await writeFiles([file(folder)], { force: true, dryRun: false })
  expect([...outcomes.values()]).toEqual(['refused'])
  expect(errors).toMatchObject([
    { code: 'import-file-exists', message: expect.stringContaining('declares Process/worker, too') },
  ])
  expect(await readFile(join(folder, 'manifests/api.yaml'), 'utf8')).toBe(both)
})

test('a file that says the same is not touched', async () => {
  const folder = await makeFolder({ 'manifests/api.yaml': 'new\n' })
  const path = join(folder, 'manifests/api.yaml')
  const before = (await stat(path)).ino
  const { outcomes, errors } = await writeFiles([file(folder)], { force: true, dryRun: false })
  expect([...outcomes.values(), errors]).toEqual(['unchanged', []])
  expect((await stat(path)).ino).toBe(before)
})

test('a dry run says what would be done and makes nothing, not even a folder', async () => {
  const folder = await makeFolder()
  const { outcomes } = await writeFiles([file(folder)], { force: false, dryRun: true })
  expect([...outcomes.values()]).toEqual(['written'])
  expect(await readdir(folder)).toEqual([])
})

test('what cannot be written is named, and the rest is written', async () => {
  const folder = await makeFolder({ 'manifests/file': 'a file where a folder should be\n' })
  const bad = file(folder, 'x\n', 'file/api.yaml')
  const { outcomes, errors } = await writeFiles([bad, file(folder)], plain)
  expect([...outcomes.values()]).toEqual(['refused', 'written'])
  expect(errors).toMatchObject([{ code: 'import-file-unwritable' }])
})

test('a folder of that name is an error, and stays', async () => {
  const folder = await makeFolder()
  await mkdir(join(folder, 'manifests/api.yaml'), { recursive: true })
  await writeFile(join(folder, 'manifests/api.yaml/x'), '')
  const { errors } = await writeFiles([file(folder)], { force: true, dryRun: false })
  expect(errors).toMatchObject([{ code: 'import-file-unwritable' }])
  expect(await readdir(join(folder, 'manifests/api.yaml'))).toEqual(['x'])
})
