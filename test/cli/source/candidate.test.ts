import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FollowedFleet, goodFiles, openFollowedFleet } from '../../support/followed-fleet.ts'

let fleet: FollowedFleet

beforeEach(async () => {
  fleet = await openFollowedFleet()
})

afterEach(() => fleet.close())

const author = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((who) => [
    [`GIT_${who}_NAME`, 'Jo'],
    [`GIT_${who}_EMAIL`, 'jo@example.com'],
  ]),
)
const clone = () => join(fleet.world.folder, 'clone')

/** Writes an object by hand into the clone; returns its id. */
function git(args: readonly string[], input: string | Buffer): string {
  return execFileSync('git', [...args], { cwd: clone(), input, env: { ...process.env, ...author } })
    .toString()
    .trim()
}

const folderOf = (line: string, count: number) =>
  git(['mktree', '--missing'], Array.from({ length: count }, (_, index) => `${line}\te${index}\n`).join(''))

/** Each holds little that is not the same again, and is small to push. */
const tooLarge = {
  'of more bytes than are laid out': () => {
    const blob = git(['hash-object', '-w', '--stdin'], Buffer.alloc(64 * 1024 * 1024))
    return folderOf(`100644 blob ${blob}`, 20)
  },
  'of more files than are laid out': () => {
    const blob = git(['hash-object', '-w', '--stdin'], 'x')
    return folderOf(`040000 tree ${folderOf(`100644 blob ${blob}`, 400)}`, 300)
  },
  'of folders in folders without an end': () => {
    let folder = git(['mktree'], '')
    for (let depth = 0; depth < 10; depth += 1) folder = folderOf(`040000 tree ${folder}`, 12)
    return folder
  },
}

test.each(Object.keys(tooLarge) as (keyof typeof tooLarge)[])(
  'a commit %s is refused before any of it is on disk, and the next is taken',
  async (kind) => {
    await fleet.push(goodFiles)
    const { source, record } = await fleet.follow()
    const good = source.applied.id
    const tree = git(
      ['mktree', '--missing'],
      `${git(['ls-tree', 'HEAD'], '')}\n040000 tree ${tooLarge[kind]()}\tlarge\n`,
    )
    const large = git(['commit-tree', '-p', 'HEAD', '-m', 'large', tree], '')
    await fleet.world.git('push', '-q', 'origin', `${large}:main`)
    await source.sync()
    expect(source.applied.id).toBe(good)
    const { refused, trouble } = await record()
    expect(trouble).toBeUndefined()
    expect(refused).toMatchObject({
      commit: { id: large },
      message: expect.stringContaining('at most 100000 of'),
    })
    expect(await readdir(fleet.path('.reconcile/git/candidate')).catch(() => [])).not.toContain('large')
    await fleet.world.git('reset', '-q', '--hard', good)
    const next = await fleet.push({ other: '' })
    await source.sync()
    expect(source.applied.id).toBe(next)
  },
)
