import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import { awaitGit } from '../../src/manifests/git-at-work.ts'

let folder: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'git-')))
  await mkdir(join(folder, 'tree/manifests'), { recursive: true })
  git('init', '-q')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function git(...args: readonly string[]): void {
  const person = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid']
  execFileSync('git', [...person, ...args], { cwd: join(folder, 'tree'), stdio: 'ignore' })
}

/** How often it waited, where the lock goes at the third wait. */
async function waitsFor(path: string, lock: string): Promise<number> {
  let waits = 0
  const clock: Clock = {
    now: () => Date.now(),
    monotonic: () => waits * 50,
    sleep: async () => {
      waits += 1
      if (waits === 3) await rm(lock)
    },
  }
  await awaitGit([path], { clock, signal: new AbortController().signal })
  return waits
}

test('waits until the lock of the index is gone', async () => {
  const lock = join(folder, 'tree/.git/index.lock')
  await writeFile(lock, '')
  expect(await waitsFor(join(folder, 'tree/manifests'), lock)).toBe(3)
  expect(await waitsFor(join(folder, 'tree/manifests'), lock)).toBe(0)
})

test('knows the lock of a work tree that git made beside another one', async () => {
  git('commit', '-q', '--allow-empty', '-m', 'one')
  git('worktree', 'add', '-q', '../beside')
  const lock = join(folder, 'tree/.git/worktrees/beside/index.lock')
  await writeFile(lock, '')
  await mkdir(join(folder, 'beside/manifests'))
  expect(await waitsFor(join(folder, 'tree/manifests'), lock)).toBe(0)
  expect(await waitsFor(join(folder, 'beside/manifests'), lock)).toBe(3)
})

test('looks where a link leads', async () => {
  await symlink('tree', join(folder, 'current'))
  const lock = join(folder, 'tree/.git/index.lock')
  await writeFile(lock, '')
  expect(await waitsFor(join(folder, 'current/manifests'), lock)).toBe(3)
})

test.each([
  { title: 'that was left behind', age: 61_000 },
  { title: 'from before the clock was set back', age: -3_600_000 },
])('does not wait for a lock $title', async ({ age }) => {
  const lock = join(folder, 'tree/.git/index.lock')
  await writeFile(lock, '')
  const at = new Date(Date.now() - age)
  await utimes(lock, at, at)
  expect(await waitsFor(join(folder, 'tree/manifests'), lock)).toBe(0)
})

test('waits for no git where there is none', async () => {
  await mkdir(join(folder, 'plain'))
  expect(await waitsFor(join(folder, 'plain'), join(folder, 'plain/index.lock'))).toBe(0)
})
