import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hashProjectTree } from '../../../src/reconcilers/function-set/project-tree.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'project-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

it('ends with the project: what its links lead to may be the whole machine', async () => {
  const root = join(folder, 'project')
  const directory = join(root, 'netlify/functions')
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'hello.mjs'), '')
  await mkdir(join(folder, 'elsewhere'))
  await symlink('../elsewhere', join(root, 'data'))
  const before = await hashProjectTree(root, directory)
  await writeFile(join(folder, 'elsewhere/large.json'), '{}')
  expect(await hashProjectTree(root, directory)).toBe(before)
  await writeFile(join(root, 'lib.js'), '')
  expect(await hashProjectTree(root, directory)).not.toBe(before)
})
