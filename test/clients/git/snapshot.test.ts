import { execFileSync } from 'node:child_process'
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { commitOf, writeSnapshot } from '../../../src/clients/git/snapshot.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'

let folder: string
let repository: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'snapshot-')))
  repository = join(folder, 'repository')
  await mkdir(repository)
  git('init', '-q', '-b', 'main')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function git(...args: readonly string[]): void {
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: repository,
    env,
  })
}

/** Writes out a commit with these links and a file; returns which links were refused, and where. */
async function written(links: Readonly<Record<string, string>>) {
  await mkdir(join(repository, 'deep'), { recursive: true })
  await writeFile(join(repository, 'deep/file'), 'inside')
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(repository, path)), { recursive: true })
    await symlink(target, join(repository, path))
  }
  git('add', '-A')
  git('commit', '-qm', 'links')
  const place = {
    folder: repository,
    env: { PATH: process.env.PATH, HOME: folder },
    clock: systemClock,
    signal: new AbortController().signal,
  }
  const into = join(folder, 'written/tree')
  await mkdir(into, { recursive: true })
  const { refusedLinks } = await writeSnapshot(place, await commitOf(place, 'HEAD'), into)
  return { refusedLinks: [...refusedLinks].sort(), into }
}

test.each([
  { links: { c: '/etc' }, refused: ['c'], reason: 'an absolute path' },
  { links: { c: '..' }, refused: ['c'], reason: 'the folder above' },
  { links: { c: 'deep/../..' }, refused: ['c'], reason: 'the folder above, by the way of another' },
  {
    links: { 'a/b': '..', c: 'a/b/..' },
    refused: ['c'],
    reason: 'a link on the way leads up within the tree',
  },
  {
    links: { 'a/b': '..', c: 'd', d: 'a/b/../x' },
    refused: ['c', 'd'],
    reason: 'a link to one that leads out',
  },
  {
    links: { 'a/b/c': '../../deep', x: 'a/b/c/../..' },
    refused: ['x'],
    reason: 'what is above is that of the target',
  },
  { links: { a: `${'deep/../'.repeat(400)}deep` }, refused: [], reason: 'none that is long' },
  { links: { a: 'b', b: 'a' }, refused: ['a', 'b'], reason: 'a circle leads nowhere' },
])('links $links: those are refused that lead out of the tree: $reason', async ({ links, refused }) => {
  const { refusedLinks, into } = await written(links)
  expect(refusedLinks).toEqual(refused)
  const left = (await readdir(into, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isSymbolicLink(),
  )
  for (const { parentPath, name } of left)
    expect(`${await realpath(join(parentPath, name))}/`.startsWith(`${into}/`), name).toBe(true)
})

test('links within the tree are made as they are, over other links and to nothing too', async () => {
  const links = {
    near: 'deep',
    over: 'near/file',
    'deep/up': '..',
    round: 'deep/up/near/file',
    nowhere: 'deep/none/x',
  }
  const { refusedLinks, into } = await written(links)
  expect(refusedLinks).toEqual([])
  for (const [path, target] of Object.entries(links)) expect(await readlink(join(into, path))).toBe(target)
  expect(await readFile(join(into, 'round'), 'utf8')).toBe('inside')
})
