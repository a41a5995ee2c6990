import { execFileSync } from 'node:child_process'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FollowedFleet, goodFiles, openFollowedFleet, scriptSet } from '../../support/followed-fleet.ts'

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

/** Where each is in the commit, and where it leads. What is there would be right and declares `b`. */
const linksOut = [
  { name: 'manifests', target: () => fleet.path('elsewhere/manifests'), reason: 'an absolute path' },
  { name: 'manifests', target: () => '../../../elsewhere/manifests', reason: 'a path out of the work tree' },
  { name: 'manifests', target: () => '../current/manifests', reason: 'what is good where it is judged' },
  {
    name: 'deploy',
    path: 'deploy/manifests',
    target: () => fleet.path('elsewhere'),
    reason: 'a folder above',
  },
  { name: 'manifests/environments', target: () => fleet.path('elsewhere'), reason: 'the environments' },
  {
    name: 'manifests/b.yaml',
    target: () => fleet.path('elsewhere/manifests/b.yaml'),
    reason: 'one manifest',
  },
] as const

test.each(linksOut)(
  'a commit whose $name is a link out of its work tree is refused: $reason',
  async (link) => {
    const path = 'path' in link ? link.path : 'manifests'
    await mkdir(fleet.path('elsewhere/manifests'), { recursive: true })
    await writeFile(
      fleet.path('elsewhere/manifests/b.yaml'),
      scriptSet('b').replace('../package', './package'),
    )
    await writeFile(fleet.path('elsewhere/manifests/package.json'), '{ "name": "y", "scripts": {} }')
    await fleet.push({
      ...goodFiles,
      'deploy/manifests/a.yaml': goodFiles['manifests/a.yaml'],
      'deploy/package.json': '{}',
    })
    const { source, record } = await fleet.follow({ path })
    const good = source.applied.id
    if (!link.name.includes('/')) await fleet.world.git('rm', '-qr', link.name)
    await symlink(link.target(), join(clone(), link.name))
    const linked = await fleet.push({})
    await source.sync()
    expect(source.applied.id).toBe(good)
    const { refused } = await record()
    expect(refused).toMatchObject({
      commit: { id: linked },
      message: expect.stringContaining('file-outside-root'),
    })
  },
)

test('a link within the work tree is followed', async () => {
  await symlink('fleet', join(clone(), 'manifests'))
  const commit = await fleet.push({
    'package.json': goodFiles['package.json'],
    'fleet/a.yaml': goodFiles['manifests/a.yaml'],
  })
  const { source } = await fleet.follow()
  expect(source.applied.id).toBe(commit)
})
