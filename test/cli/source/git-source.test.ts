import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FollowedFleet, goodFiles, openFollowedFleet, scriptSet } from '../../support/followed-fleet.ts'

let fleet: FollowedFleet

beforeEach(async () => {
  fleet = await openFollowedFleet()
})

afterEach(() => fleet.close())

const change = (text: string) => ({ 'manifests/a.yaml': `${scriptSet('a')}# ${text}\n` })
const bad = { 'manifests/a.yaml': 'kind: ScriptSet\n' }
const repo = (name: string) => fleet.path(`.reconcile/git/repo/${name}`)
const current = (name: string) => fleet.path(`.reconcile/git/current/${name}`)
const ids = (commits: readonly { readonly id: string }[]) => commits.map(({ id }) => id)

describe('a repository that was damaged', () => {
  test('is fetched again with all that was good, and goes on with the branch', async () => {
    const one = await fleet.push(goodFiles)
    const before = await fleet.follow()
    const two = await fleet.push(change('two'))
    await before.source.sync()
    await before.end()
    // As a power cut leaves it.
    await writeFile(repo('HEAD'), '')
    const { source, record, reasons } = await fleet.follow()
    expect(source.applied.id).toBe(two)
    expect(ids((await record()).good)).toEqual([two, one])
    const three = await fleet.push(change('three'))
    await source.sync()
    expect(source.applied.id).toBe(three)
    expect(await reasons()).toEqual(['CommitApplied', 'CommitApplied', 'CommitApplied'])
    await fleet.reconcile('rollback', one)
    await source.sync()
    await source.read(async () => undefined)
    expect(source.applied.id).toBe(one)
    expect(await readFile(current('manifests/a.yaml'), 'utf8')).toBe(goodFiles['manifests/a.yaml'])
  })

  test('lets go of what its server has no more, and goes on with the branch', async () => {
    await fleet.push(goodFiles)
    const before = await fleet.follow()
    await fleet.world.git('checkout', '-q', '--orphan', 'other')
    const two = await fleet.push(change('two'))
    await before.source.sync()
    await before.end()
    const prune = ['-C', fleet.world.bare, '-c', 'gc.reflogExpire=now', 'gc', '-q', '--prune=now']
    execFileSync('git', prune)
    await writeFile(repo('HEAD'), '')
    const { source, record } = await fleet.follow()
    expect(ids((await record()).good)).toEqual([two])
    const three = await fleet.push(change('three'))
    await source.sync()
    expect(source.applied.id).toBe(three)
  })

  test('forgets nothing while its server is away', async () => {
    await fleet.push(goodFiles)
    const before = await fleet.follow()
    const two = await fleet.push(change('two'))
    await before.source.sync()
    const known = await before.record()
    await before.end()
    await writeFile(repo('HEAD'), '')
    await fleet.world.stop()
    await expect(fleet.follow()).rejects.toMatchObject({
      code: 'SourceUnreadable',
      message: expect.stringContaining(two.slice(0, 7)),
    })
    await fleet.world.start()
    await fleet.push(bad)
    const { source, record } = await fleet.follow()
    expect(source.applied.id).toBe(two)
    expect((await record()).good).toEqual(known.good)
  })
})

describe('a look at the branch that fails', () => {
  test('on this machine is told once, shown until it is over, and tried again', async () => {
    await fleet.push(goodFiles)
    const { source, record, reasons } = await fleet.follow()
    const two = await fleet.world.commit(change('two'))
    const lock = repo(`refs/reconciled/good/${two}.lock`)
    await mkdir(dirname(lock), { recursive: true })
    await writeFile(lock, '')
    await fleet.world.push()
    await source.sync()
    await source.sync()
    const { trouble } = await record()
    expect(trouble).toMatchObject({ reason: 'SourceFailed', message: expect.stringContaining('update-ref') })
    expect(source.faults).toEqual([trouble?.message])
    const { out } = await fleet.reconcile('status')
    expect(out.replace(/\s+/g, ' ')).toContain('Cannot follow main of git://')
    await rm(lock)
    await source.sync()
    expect(source.applied.id).toBe(two)
    expect((await record()).trouble).toBeUndefined()
    expect(await reasons()).toEqual(['CommitApplied', 'SourceFailed', 'CommitApplied', 'SourceReadable'])
  })

  test('because a commit that is named cannot be had is told once', async () => {
    await fleet.push(goodFiles)
    const { source, record, reasons } = await fleet.follow()
    const two = await fleet.push(change('two'))
    const blob = await fleet.world.git('rev-parse', `${two}:manifests/a.yaml`)
    await rm(join(fleet.world.bare, 'objects', blob.slice(0, 2), blob.slice(2)))
    await source.sync()
    await source.sync()
    expect((await record()).trouble?.reason).toBe('SourceUnreadable')
    expect(await reasons()).toEqual(['CommitApplied', 'SourceUnreadable'])
  })
})

test('commits whose dates lie beyond those of calendars are followed like others', async () => {
  await fleet.push(goodFiles)
  const { source, reasons, end } = await fleet.follow()
  const dated = async (text: string) => {
    await fleet.world.commit(change(text))
    const [tree, parent] = await Promise.all(
      ['HEAD^{tree}', 'HEAD^'].map((name) => fleet.world.git('rev-parse', name)),
    )
    const who = 'Jo <jo@example.com>'
    const input = `tree ${tree}\nparent ${parent}\nauthor ${who} 1700000000 +0000\ncommitter ${who} 9999999999999 +0000\n\n${text}\n`
    const args = ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally']
    const commit = execFileSync('git', args, { cwd: join(fleet.world.folder, 'clone'), input })
    await fleet.world.git('reset', '-q', '--hard', commit.toString().trim())
    await fleet.world.push('--force')
    return commit.toString().trim()
  }
  await dated('two')
  await source.sync()
  const three = await dated('three')
  await source.sync()
  expect(source.applied.id).toBe(three)
  expect(await reasons()).toEqual(['CommitApplied', 'CommitApplied', 'CommitApplied'])
  await end()
  const { source: again } = await fleet.follow()
  expect(again.applied.id).toBe(three)
  expect((await fleet.reconcile('rollback')).out).toContain('"two"')
})
