import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rotatedAmong, rotateWhereGrown } from '../../../src/reconcilers/process/log-rotation.ts'
import { removeFolder } from '../../support/pm2.ts'
import { declare } from './bench.ts'
import { ownedAs } from './model.ts'

let folder: string
const path = (name: string) => join(folder, name)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r-'))
})
afterEach(() => removeFolder(folder))

test('a file that cannot be copied holds up no other, is told, and leaves nothing behind', async () => {
  await writeFile(path('a.log'), 'a'.repeat(100))
  await writeFile(path('b.log'), 'b'.repeat(100))
  // Where the copy of `a` would come: as a disk without room for it, it cannot be written.
  await mkdir(path('a.log.0'))
  await writeFile(path('a.log.2'), 'old')
  await expect(rotateWhereGrown([path('a.log'), path('b.log')], { size: 50, keep: 2 })).rejects.toThrow()
  expect(await readFile(path('a.log'), 'utf8')).toBe('a'.repeat(100))
  expect(await readFile(path('b.log'), 'utf8')).toBe('')
  expect(await readFile(path('b.log.1'), 'utf8')).toBe('b'.repeat(100))
  // The oldest goes before the copy is made: on a full disk that is its room.
  expect((await readdir(folder)).sort()).toEqual(['a.log', 'a.log.0', 'b.log', 'b.log.1'])
})

test('of three that are kept the oldest goes', async () => {
  for (const content of ['1', '2', '3', '4', '5']) {
    await writeFile(path('a.log'), content)
    await rotateWhereGrown([path('a.log')], { size: 1, keep: 3 })
  }
  const kept = await Promise.all([1, 2, 3].map((number) => readFile(path(`a.log.${number}`), 'utf8')))
  expect(kept).toEqual(['5', '4', '3'])
  expect((await readdir(folder)).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2', 'a.log.3'])
})

test('only what is ours to manage is rotated', () => {
  const spec = { script: './api.mjs', logs: { rotate: { size: '1K' } } }
  const desired = declare('api', spec)
  const observed = declare('seen', spec, { controls: { managementPolicy: 'Observe' } })
  const wanted = (one: typeof desired, isOwned: boolean) => ({
    id: one.id,
    desired: one,
    owned: isOwned ? ownedAs(one) : undefined,
    unconfirmed: [],
  })
  const names = (...all: ReturnType<typeof wanted>[]) => rotatedAmong(all).map(({ name }) => name)
  expect(names(wanted(desired, true), wanted(declare('quiet', { script: './a.mjs' }), true))).toEqual(['api'])
  // Of that name there is something of somebody else, or nothing yet.
  expect(names(wanted(desired, false))).toEqual([])
  expect(names(wanted(observed, true))).toEqual([])
})
