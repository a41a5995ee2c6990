import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineDisk } from '../../../src/reconcilers/script-set/resolve/disk.ts'
import { PackageFolder } from './package-folder.ts'

let site: PackageFolder | undefined
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paths-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
  await site?.remove()
})

describe('what is at a path', () => {
  it('is absent only where the system says so', async () => {
    await writeFile(join(folder, 'file'), '')
    await symlink('gone', join(folder, 'dangling'))
    for (const path of ['none', 'no/such/folder', 'file/below', 'dangling']) {
      expect(await machineDisk.look(join(folder, path)), path).toEqual({ type: 'absent' })
    }
  })

  it('is not known where it may not or cannot be looked at', async () => {
    await symlink('round', join(folder, 'round'))
    expect(await machineDisk.look(join(folder, 'round'))).toEqual({
      type: 'unreadable',
      message: 'it cannot be looked at (ELOOP)',
    })
    expect(await machineDisk.look(join(folder, 'x'.repeat(300)))).toMatchObject({ type: 'unreadable' })
  })
})

describe('a script whose file cannot be looked at', () => {
  const open = async (scripts: Readonly<Record<string, string>>) => {
    site = await PackageFolder.make({ name: 'x', scripts })
    await symlink('round.js', join(site.folder, 'round.js'))
    return site
  }

  it('is not told to lack it: whether it works is unknown', async () => {
    const { assessment } = await (await open({ build: 'node round.js' })).look()
    expect(assessment).toMatchObject({
      status: 'Unknown',
      reason: 'PathUnreadable',
      message:
        '1 script cannot be judged: build (whether there is a file round.js is not known: it cannot be looked at (ELOOP))',
      children: [{ name: 'build', health: 'Unknown', details: { findings: 'NotReadable' } }],
    })
  })

  it('is so too for a folder and for a program of a dependency', async () => {
    const made = await open({ build: 'cd round.js && ls', test: 'tool' })
    await mkdir(join(made.folder, 'node_modules/.bin'), { recursive: true })
    await symlink('tool', join(made.folder, 'node_modules/.bin/tool'))
    const { assessment } = await made.look()
    expect(assessment).toMatchObject({ status: 'Unknown', reason: 'PathUnreadable' })
    expect(assessment?.message).toMatch(/^2 scripts cannot be judged: /)
  })

  it('does not hide one that surely does not work', async () => {
    const { assessment } = await (await open({ build: 'node round.js', start: 'node gone.js' })).look()
    expect(assessment).toMatchObject({
      status: 'Degraded',
      reason: 'Unresolved',
      message:
        '1 script does not resolve: start (the file gone.js does not exist); 1 script cannot be judged: build (whether there is a file round.js is not known: it cannot be looked at (ELOOP))',
    })
  })
})
