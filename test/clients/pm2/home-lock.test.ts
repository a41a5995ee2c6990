import { spawn } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { homeLock } from '../../../src/clients/pm2/home-lock.ts'
import { eventually, makeFolder, removeFolder } from '../../support/pm2.ts'

const lockModule = fileURLToPath(new URL('../../../src/clients/pm2/home-lock.ts', import.meta.url))

let folder: string
let home: string

beforeEach(async () => {
  folder = await makeFolder()
  home = join(folder, 'home')
})

afterEach(async () => {
  await removeFolder(folder)
})

/** A program that holds the lock until it is killed. */
function startHolder() {
  const code = `
    import { homeLock } from ${JSON.stringify(lockModule)}
    await homeLock(process.argv[1]).acquire('other fleet')
    setInterval(() => {}, 1000)`
  return spawn(process.execPath, ['--input-type=module', '-e', code, home], { stdio: 'inherit' })
}

describe('the lock of a PM2_HOME', () => {
  test('held by another program is refused and names it, and is free as soon as that is killed', async () => {
    const holder = startHolder()
    try {
      const found = await eventually('it is held', () => homeLock(home).holder())
      expect(found).toMatchObject({ pid: holder.pid, purpose: 'other fleet' })
      const acquire = homeLock(home).acquire('mine')
      await expect(acquire).rejects.toMatchObject({ code: 'HomeLocked' })
      await expect(acquire).rejects.toThrow(`process ${holder.pid} acts there for fleet other fleet`)
      holder.kill('SIGKILL')
      await new Promise((resolve) => holder.once('exit', resolve))
      const claim = await homeLock(home).acquire('mine')
      expect(claim.holder).toMatchObject({ pid: process.pid, purpose: 'mine' })
      await claim.release()
    } finally {
      holder.kill('SIGKILL')
    }
  })

  test('makes the home for its owner alone', async () => {
    const claim = await homeLock(home).acquire('mine')
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    await claim.release()
  })

  test('is looked at without making anything', async () => {
    expect(await homeLock(home).holder()).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  })
})
