import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FollowedFleet, goodFiles, openFollowedFleet, scriptSet } from '../../support/followed-fleet.ts'

let fleet: FollowedFleet
let allowedSigners: string

beforeEach(async () => {
  fleet = await openFollowedFleet()
  allowedSigners = fleet.path('allowed_signers')
  await mkdir(keyOf(''))
  for (const name of ['jo', 'ann'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyOf(name)])
  await writeFile(allowedSigners, await signer('jo'))
  await fleet.world.git('config', 'gpg.format', 'ssh')
})

afterEach(() => fleet.close())

const keyOf = (name: string) => join(fleet.world.folder, 'keys', name)
const signer = async (name: string) => `${name}@example.com ${await readFile(keyOf(`${name}.pub`), 'utf8')}`

/** Pushes a version, signed by somebody's key or by nobody's; returns the commit. */
async function push(version: string, key?: string): Promise<string> {
  await fleet.world.git('config', 'commit.gpgsign', String(key !== undefined))
  if (key !== undefined) await fleet.world.git('config', 'user.signingkey', keyOf(key))
  return fleet.push({ ...goodFiles, 'manifests/a.yaml': `${scriptSet('a')}# ${version}\n` }, version)
}

test('an unsigned commit that counted does not count any more once signatures are required', async () => {
  const one = await push('one')
  await fleet.follow()
  await expect(fleet.follow({ allowedSigners })).rejects.toMatchObject({
    code: 'ManifestsInvalid',
    message: `Cannot take ${one.slice(0, 7)} "one": it is not signed`,
  })
  // Neither by a pass that is no controller's.
  const pass = await fleet.reconcile()
  expect(pass.status, pass.out).toBe(1)
  expect(pass.err).toContain('none of its commits counts')
  const two = await push('two', 'jo')
  const { source, record } = await fleet.follow({ allowedSigners })
  expect(source.applied.id).toBe(two)
  expect((await record()).good.map(({ id }) => id)).toEqual([two])
  const back = await fleet.reconcile('rollback', one)
  expect(back.err).toContain('No good commit')
})

test('a rollback to a commit that is signed helps where the one that counted is not', async () => {
  const one = await push('one', 'jo')
  const { source: before } = await fleet.follow()
  await push('two')
  await before.sync()
  await expect(fleet.follow({ allowedSigners })).rejects.toMatchObject({
    code: 'ManifestsInvalid',
    hint: expect.stringContaining('`reconcile rollback` holds the fleet at a commit that was good'),
  })
  const back = await fleet.reconcile('rollback')
  expect(back.out, back.err).toContain(`The fleet is held at ${one.slice(0, 7)} "one"`)
  const { source } = await fleet.follow({ allowedSigners })
  expect(source.applied.id).toBe(one)
})

test('a rollback to an unsigned commit does not hold where signatures are required since', async () => {
  const one = await push('one')
  const { source: before } = await fleet.follow()
  const two = await push('two', 'jo')
  await before.sync()
  await fleet.reconcile('rollback')
  await before.sync()
  expect(before.applied.id).toBe(one)
  await expect(fleet.follow({ allowedSigners })).rejects.toMatchObject({
    message: expect.stringMatching(/Cannot hold the fleet at .*: it is not signed; .*resume --source/),
  })
  await fleet.reconcile('resume', '--source')
  const { source } = await fleet.follow({ allowedSigners })
  expect(source.applied.id).toBe(two)
})

test('a signer who is taken off the file vouches for nothing any more, and one who is added changes nothing', async () => {
  const one = await push('one', 'jo')
  const { source: first } = await fleet.follow({ allowedSigners })
  expect(first.applied.id).toBe(one)
  await appendFile(allowedSigners, await signer('ann'))
  const { source, record } = await fleet.follow({ allowedSigners })
  expect(source.applied.id).toBe(one)
  const two = await push('two', 'ann')
  await source.sync()
  expect((await record()).good.map(({ id }) => id)).toEqual([two, one])
  await writeFile(allowedSigners, await signer('ann'))
  const { source: later, record: kept } = await fleet.follow({ allowedSigners })
  expect(later.applied.id).toBe(two)
  expect((await kept()).good.map(({ id }) => id)).toEqual([two])
  await writeFile(allowedSigners, await signer('jo'))
  await expect(fleet.follow({ allowedSigners })).rejects.toMatchObject({ code: 'ManifestsInvalid' })
})

test('without the file of signers no controller starts, and what counted counts when it is back', async () => {
  const one = await push('one', 'jo')
  await fleet.follow({ allowedSigners })
  await expect(fleet.follow({ allowedSigners: `${allowedSigners}.gone` })).rejects.toMatchObject({
    code: 'UsageInvalid',
    message: expect.stringContaining('allowed_signers.gone'),
  })
  await fleet.world.stop()
  const { source } = await fleet.follow({ allowedSigners })
  expect(source.applied.id).toBe(one)
})
