import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  fetchTip,
  type GitPlace,
  goesOnFrom,
  hasCommits,
  keepCommits,
  prepareRepository,
  readCommit,
  tidyRepository,
} from '../../../src/clients/git/repository.ts'
import { type GitServer, readBranches, readTip } from '../../../src/clients/git/server.ts'
import { whyNotSigned } from '../../../src/clients/git/verify.ts'
import { bringCurrentTo, dropCandidate, layOutCandidate } from '../../../src/clients/git/work-tree.ts'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { type GitWorld, openGitWorld } from '../../support/git-server.ts'

let world: GitWorld
let place: GitPlace
let server: GitServer

beforeEach(async () => {
  world = await openGitWorld()
  const common = {
    env: { PATH: process.env.PATH, HOME: world.folder },
    clock: systemClock,
    signal: new AbortController().signal,
  }
  place = { ...common, folder: join(world.folder, 'ours') }
  server = { ...common, address: { url: world.url, protocol: 'git', host: '127.0.0.1' }, token: undefined }
})

afterEach(() => world.close())

const inCurrent = (name: string) => join(place.folder, 'current', name)
const content = (path: string) => readFile(path, 'utf8').catch(() => undefined)

async function pushed(
  files: Readonly<Record<string, string | undefined>>,
  message?: string,
): Promise<string> {
  const commit = await world.commit(files, message)
  await world.push()
  return commit
}

async function brought(files: Readonly<Record<string, string | undefined>>): Promise<string> {
  const commit = await pushed(files)
  await prepareRepository(place)
  await fetchTip(place, server, 'main')
  await bringCurrentTo(place, commit, 'manifests')
  return commit
}

describe('a server', () => {
  test('says what a branch is at, and that it has none of that name', async () => {
    const commit = await pushed({ 'manifests/a.yaml': 'a: 1\n' })
    expect(await readTip(server, 'main')).toBe(commit)
    expect(await readTip(server, 'mai')).toBeUndefined()
    expect(await readBranches(server)).toEqual(['main'])
  })

  test('that cannot be reached is another thing than one without the branch', async () => {
    await world.stop()
    await expect(readTip(server, 'main')).rejects.toMatchObject({ code: 'GitFailed' })
  })
})

describe('fetching', () => {
  test('takes the newest commit alone, and says what it is', async () => {
    await pushed({ 'manifests/a.yaml': 'a: 1\n' })
    const commit = await pushed({ 'manifests/a.yaml': 'a: 2\n' }, 'Give a two')
    await prepareRepository(place)
    expect(await fetchTip(place, server, 'main')).toBe(commit)
    expect(await readCommit(place, commit)).toMatchObject({ id: commit, subject: 'Give a two', author: 'Jo' })
    const log = execFileSync('git', ['--git-dir', join(place.folder, 'repo'), 'log', '--format=%H', commit])
    expect(log.toString().trim()).toBe(commit)
  })

  test('tells a branch that goes on from one that was rewritten or set back', async () => {
    const first = await pushed({ a: '1' })
    await prepareRepository(place)
    await fetchTip(place, server, 'main')
    const before = await readCommit(place, first)
    for (let index = 0; index < 5; index += 1) await world.commit({ a: String(index) })
    await world.push()
    const later = await readCommit(place, await fetchTip(place, server, 'main'))
    expect(await goesOnFrom(place, server, { branch: 'main', before, now: later })).toBe(true)
    await world.git('reset', '-q', '--hard', `${later.id}~2`)
    await world.commit({ a: 'other' })
    await world.push('--force')
    const rewritten = await readCommit(place, await fetchTip(place, server, 'main'))
    expect(await goesOnFrom(place, server, { branch: 'main', before: later, now: rewritten })).toBe(false)
    expect(await goesOnFrom(place, server, { branch: 'main', before, now: rewritten })).toBe(true)
  })

  test('what is kept stays when the branch is rewritten and what is not needed is dropped', async () => {
    const kept = await pushed({ a: '1' })
    await prepareRepository(place)
    await fetchTip(place, server, 'main')
    await keepCommits(place, [kept])
    await world.git('checkout', '-q', '--orphan', 'other')
    const other = await world.commit({ a: 'other' })
    await world.push('--force')
    await fetchTip(place, server, 'main')
    await tidyRepository(place)
    expect(await hasCommits(place, [kept])).toBe(true)
    await keepCommits(place, [other])
    const refs = execFileSync('git', [
      '--git-dir',
      join(place.folder, 'repo'),
      'for-each-ref',
      '--format=%(refname)',
    ])
    expect(refs.toString()).not.toContain(kept)
  })
})

describe('the work tree', () => {
  test('is brought to a commit: files come, change and go, and what no commit knows stays but for manifests', async () => {
    const first = await brought({
      'manifests/a.yaml': 'a: 1\n',
      'manifests/deep/b.yaml': 'b: 1\n',
      'app.mjs': '1',
    })
    await mkdir(inCurrent('manifests/new'), { recursive: true })
    await writeFile(inCurrent('app.log'), 'line\n')
    await writeFile(inCurrent('manifests/new/stranger.yaml'), 'x: 1\n')
    await writeFile(inCurrent('manifests/data.json'), '{}')
    const second = await brought({ 'manifests/a.yaml': 'a: 2\n', 'manifests/deep/b.yaml': undefined })
    expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 2\n')
    expect(await content(inCurrent('manifests/deep/b.yaml'))).toBeUndefined()
    expect(await content(inCurrent('manifests/new/stranger.yaml'))).toBeUndefined()
    expect(await content(inCurrent('app.log'))).toBe('line\n')
    expect(await content(inCurrent('manifests/data.json'))).toBe('{}')
    const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: join(place.folder, 'current') })
    expect(head.toString().trim()).toBe(second)
    await bringCurrentTo(place, first, 'manifests')
    expect(await content(inCurrent('manifests/deep/b.yaml'))).toBe('b: 1\n')
  })

  test('has its manifests put back where somebody edited them, and nothing else', async () => {
    const commit = await brought({
      'manifests/a.yaml': 'a: 1\n',
      'manifests/b.yml': 'b: 1\n',
      'app.mjs': '1',
    })
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(false)
    await writeFile(inCurrent('manifests/a.yaml'), 'a: by hand\n')
    await rm(inCurrent('manifests/b.yml'))
    await writeFile(inCurrent('app.mjs'), 'by hand')
    await writeFile(inCurrent('manifests/c.yaml'), 'by: hand\n')
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(true)
    expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 1\n')
    expect(await content(inCurrent('manifests/b.yml'))).toBe('b: 1\n')
    expect(await content(inCurrent('manifests/c.yaml'))).toBeUndefined()
    expect(await content(inCurrent('app.mjs'))).toBe('by hand')
  })

  test('has its manifests put back where the folder is a link to another of the commit', async () => {
    await symlink('fleet', join(world.folder, 'clone/manifests'))
    const commit = await brought({ 'fleet/a.yaml': 'a: 1\n' })
    await writeFile(inCurrent('manifests/a.yaml'), 'a: by hand\n')
    await writeFile(inCurrent('fleet/c.yaml'), 'by: hand\n')
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(true)
    expect(await content(inCurrent('fleet/a.yaml'))).toBe('a: 1\n')
    expect(await content(inCurrent('fleet/c.yaml'))).toBeUndefined()
    // Led elsewhere by hand it is put back first: what is there is nobody's manifest.
    await mkdir(inCurrent('data'))
    await writeFile(inCurrent('data/kept.yaml'), 'x: 1\n')
    await rm(inCurrent('manifests'))
    await symlink('data', inCurrent('manifests'))
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(true)
    expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 1\n')
    expect(await content(inCurrent('data/kept.yaml'))).toBe('x: 1\n')
  })

  test('is made anew where it was removed, or is no work tree any more', async () => {
    const commit = await brought({ 'manifests/a.yaml': 'a: 1\n', 'app.mjs': '1' })
    await rm(inCurrent(''), { recursive: true })
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(true)
    expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 1\n')
    expect(await content(inCurrent('app.mjs'))).toBe('1')
    await rm(inCurrent('.git'))
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(true)
    const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: inCurrent('') })
    expect(head.toString().trim()).toBe(commit)
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(false)
  })

  test('gets back whatever file of its commit was removed, folders and odd names too', async () => {
    const files = {
      'package.json': '{}',
      'lib/deep/a b.mjs': '1',
      'manifests/über "a".yaml': 'a: 1\n',
      keep: '1',
    }
    const commit = await brought(files)
    await writeFile(inCurrent('keep'), 'by hand')
    await rm(inCurrent('package.json'))
    await rm(inCurrent('lib'), { recursive: true })
    await rm(inCurrent('manifests'), { recursive: true })
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(true)
    for (const [name, text] of Object.entries({ ...files, keep: 'by hand' }))
      expect(await content(inCurrent(name)), name).toBe(text)
    expect(await bringCurrentTo(place, commit, 'manifests')).toBe(false)
  })

  test('that was left on its way is brought to its commit, whichever that is', async () => {
    const first = await brought({ 'manifests/a.yaml': 'a: 1\n' })
    const second = await pushed({ 'manifests/a.yaml': 'a: 2\n', 'manifests/new.yaml': 'n: 1\n' })
    await fetchTip(place, server, 'main')
    // As a kill leaves it: the mark and a lock are there, some files are of the next commit, the index is not.
    await writeFile(join(place.folder, 'repo/reconciled-unfinished'), second)
    await writeFile(join(place.folder, 'repo/index.lock'), '')
    await writeFile(inCurrent('manifests/a.yaml'), 'a: 2\n')
    await writeFile(inCurrent('manifests/new.yaml'), 'n: 1\n')
    await prepareRepository(place)
    await bringCurrentTo(place, first, 'manifests')
    expect(await readdir(inCurrent('manifests'))).toEqual(['a.yaml'])
    expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 1\n')
  })

  test('holds the bytes that were committed, and no program that an attribute names is run on them', async () => {
    const trap = join(world.folder, 'trap')
    await writeFile(trap, `#!/bin/sh\ntouch ${trap}.sprung\ncat\n`)
    await chmod(trap, 0o755)
    await writeFile(
      join(world.folder, '.gitconfig'),
      `[filter "evil"]\n\tsmudge = ${trap}\n[core]\n\tautocrlf = true\n`,
    )
    await brought({ '.gitattributes': '* filter=evil text eol=crlf\n', 'manifests/a.yaml': 'a: 1\n' })
    expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 1\n')
    await expect(stat(`${trap}.sprung`)).rejects.toThrow('ENOENT')
  })

  test('is untouched while another commit is judged', async () => {
    await brought({ 'manifests/a.yaml': 'a: 1\n' })
    const second = await pushed({ 'manifests/a.yaml': 'a: 2\n' })
    await fetchTip(place, server, 'main')
    const candidate = await layOutCandidate(place, second)
    expect(await content(join(candidate, 'manifests/a.yaml'))).toBe('a: 2\n')
    expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 1\n')
    await dropCandidate(place)
    await expect(stat(candidate)).rejects.toThrow('ENOENT')
  })
})

test('a damaged repository is made anew', async () => {
  const commit = await brought({ 'manifests/a.yaml': 'a: 1\n' })
  await writeFile(join(place.folder, 'repo/HEAD'), '')
  await rm(join(place.folder, 'repo/config'))
  await prepareRepository(place)
  expect(await hasCommits(place, [commit])).toBe(false)
  await fetchTip(place, server, 'main')
  await bringCurrentTo(place, commit, 'manifests')
  expect(await content(inCurrent('manifests/a.yaml'))).toBe('a: 1\n')
})

test('a signature counts where its key is allowed, and only then', async () => {
  const keys = join(world.folder, 'keys')
  await mkdir(keys)
  for (const name of ['trusted', 'other'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(keys, name)])
  const allowed = join(keys, 'allowed_signers')
  await writeFile(allowed, `jo@example.com ${await readFile(join(keys, 'trusted.pub'), 'utf8')}`)
  const signedBy = async (name: string) => {
    const key = join(keys, name)
    await world.git(
      '-c',
      'gpg.format=ssh',
      '-c',
      `user.signingkey=${key}`,
      'commit',
      '-q',
      '--allow-empty',
      '-S',
      '-m',
      name,
    )
    return world.git('rev-parse', 'HEAD')
  }
  const plain = await world.commit({ a: '1' })
  const trusted = await signedBy('trusted')
  const other = await signedBy('other')
  await world.push()
  await prepareRepository(place)
  await fetchTip(place, server, 'main')
  for (const commit of [trusted, plain]) {
    await world.git('push', '-q', '--force', 'origin', `${commit}:main`)
    await fetchTip(place, server, 'main')
  }
  const policy = { type: 'ssh', allowedSigners: allowed } as const
  expect(await whyNotSigned(place, trusted, policy)).toBeUndefined()
  expect(await whyNotSigned(place, plain, policy)).toBe('it is not signed')
  expect(await whyNotSigned(place, other, policy)).toContain('not by a key that is trusted')
  await expect(
    whyNotSigned(place, trusted, { type: 'ssh', allowedSigners: join(keys, 'gone') }),
  ).rejects.toMatchObject({
    code: 'UsageInvalid',
  })
})
