import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { processIdentity } from '../../../src/clients/host/process-identity.ts'
import { findOrphans, type Orphan, terminateOrphan } from '../../../src/clients/pm2/orphans.ts'
import { findStrays } from '../../../src/clients/pm2/strays.ts'
import {
  eventually,
  lives,
  makeFolder,
  pm2Versions,
  removeFolder,
  withDaemon,
  writtenIn,
} from '../../support/pm2.ts'
import { seenBy, witnessProcess } from '../../support/pm2-programs.ts'

describe.each(pm2Versions)('what a killed daemon of PM2 %i left behind', (version) => {
  test('is found by name, and ended with its own children', async () => {
    await withDaemon(version, async (daemon) => {
      const children = join(daemon.folder, 'children')
      const shell = await witnessProcess(daemon, 'with-child', {
        execPath: '/bin/sh',
        interpreter: 'none',
        args: ['-c', `sleep 1000 & echo $! > ${children}; wait`],
      })
      await daemon.client.prepare(shell)
      await daemon.client.prepare(await witnessProcess(daemon, 'a/b'))
      await daemon.client.prepare(await witnessProcess(daemon, 'other'))
      const [withChild, slashed] = await daemon.client.list()
      const child = Number(await eventually('its child runs', () => writtenIn(children)))
      await seenBy(daemon, 'a/b')
      await seenBy(daemon, 'other')
      await daemon.crash()

      const names = ['with-child', 'a/b', 'never-was']
      const found = await findOrphans({ home: daemon.home, names })
      expect(found.map(({ name, identity }) => [name, identity.pid])).toEqual([
        ['with-child', withChild?.pid],
        ['a/b', slashed?.pid],
      ])
      expect(found[0]).toMatchObject({ execPath: '/bin/sh', cwd: daemon.folder, leadsGroup: true })
      expect(await findOrphans({ home: daemon.home, names: ['a-b'] })).toEqual([])
      const known = new Set([withChild?.pid ?? 0])
      expect((await findOrphans({ home: daemon.home, names, known })).map(({ name }) => name)).toEqual([
        'a/b',
      ])

      // A shell lets its background children ignore SIGINT: they end by what comes after.
      for (const orphan of found) await terminateOrphan(orphan, { killTimeout: 300 })
      expect(await lives(withChild?.pid ?? 0)).toBe(false)
      expect(await lives(child)).toBe(false)
      expect(await findOrphans({ home: daemon.home, names })).toEqual([])
      const left = await findOrphans({ home: daemon.home, names: ['other'] })
      expect(left).toHaveLength(1)
      expect(await lives(left[0]?.identity.pid ?? 0)).toBe(true)
      expect(await readdir(join(daemon.home, 'pids'))).toHaveLength(1)
    })
  })

  test('does not end by itself is killed', async () => {
    await withDaemon(version, async (daemon) => {
      const ready = join(daemon.folder, 'ready')
      const stubborn = await witnessProcess(daemon, 'stubborn', {
        execPath: '/bin/sh',
        interpreter: 'none',
        args: ['-c', `trap '' INT; echo > ${ready}; while :; do sleep 0.05; done`],
      })
      await daemon.client.prepare(stubborn)
      await eventually('it runs', () => readFile(ready, 'utf8').catch(() => undefined))
      await daemon.crash()
      const [orphan] = await findOrphans({ home: daemon.home, names: ['stubborn'] })
      if (!orphan) throw new Error('It was left behind')
      await terminateOrphan(orphan, { killTimeout: 200 })
      expect(await lives(orphan.identity.pid)).toBe(false)
    })
  })
})

describe.each(pm2Versions)('while a daemon of PM2 %i runs', (version) => {
  test('its own processes are no orphans, also where nobody says which they are', async () => {
    await withDaemon(version, async (daemon) => {
      await daemon.client.prepare(await witnessProcess(daemon, 'forked'))
      await daemon.client.prepare(await witnessProcess(daemon, 'clustered', { mode: 'cluster' }))
      await seenBy(daemon, 'forked')
      await seenBy(daemon, 'clustered')
      expect(await readdir(join(daemon.home, 'pids'))).toHaveLength(2)
      expect(await findOrphans({ home: daemon.home, names: ['forked', 'clustered'] })).toEqual([])
    })
  })
})

describe('a pid file', () => {
  test('of a process that PM2 never started names no orphan', async () => {
    const home = await makeFolder()
    const stranger = spawn('sleep', ['1000'])
    try {
      await mkdir(join(home, 'pids'))
      await writeFile(join(home, 'pids', 'api-0.pid'), String(stranger.pid))
      expect(await findOrphans({ home, names: ['api'] })).toEqual([])
    } finally {
      stranger.kill('SIGKILL')
      await removeFolder(home)
    }
  })

  test('older than the process that has its pid names no orphan, whatever that was told', async () => {
    const home = await makeFolder()
    await mkdir(join(home, 'pids'))
    const file = join(home, 'pids', 'api-0.pid')
    const told = spawn('sleep', ['1000'], { env: { pm_pid_path: file, name: 'api' }, detached: true })
    try {
      await writeFile(file, String(told.pid))
      expect(await findOrphans({ home, names: ['api'] })).toHaveLength(1)
      const anHourAgo = Date.now() / 1000 - 3600
      await utimes(file, anHourAgo, anHourAgo)
      expect(await findOrphans({ home, names: ['api'] })).toEqual([])
    } finally {
      told.kill('SIGKILL')
      await removeFolder(home)
    }
  })

  test.each(['', 'x', '0', '1', '-5', '99999999'])('with the content %j names no orphan', async (content) => {
    const home = await makeFolder()
    try {
      await mkdir(join(home, 'pids'))
      await writeFile(join(home, 'pids', 'api-0.pid'), content)
      expect(await findOrphans({ home, names: ['api'] })).toEqual([])
      expect(await findOrphans({ home: join(home, 'none'), names: ['api'] })).toEqual([])
    } finally {
      await removeFolder(home)
    }
  })
})

describe('an orphan', () => {
  test('whose pid another process has by now is not signalled', async () => {
    const other = spawn('sleep', ['1000'], { detached: true })
    try {
      const identity = await processIdentity(other.pid ?? 0)
      if (!identity) throw new Error('It was just started')
      const orphan: Orphan = {
        name: 'api',
        identity: { ...identity, startTime: '1' },
        pidFile: '/nowhere/api-0.pid',
        execPath: undefined,
        cwd: undefined,
        reconciledAs: undefined,
        leadsGroup: true,
      }
      await terminateOrphan(orphan, { killTimeout: 1000 })
      expect(await lives(other.pid ?? 0)).toBe(true)
    } finally {
      other.kill('SIGKILL')
    }
  })
})

describe.each(pm2Versions)('what a killed daemon of PM2 %i had not written a pid file for', (version) => {
  test('is found by what it was told, and by nothing that only looks like it', async () => {
    await withDaemon(version, async (daemon) => {
      const child = join(daemon.folder, 'child')
      const parent = await witnessProcess(daemon, 'parent', {
        execPath: '/bin/sh',
        interpreter: 'none',
        // A group of its own, and told all that its parent was: what an application starts in the background.
        args: ['-c', `setsid sh -c 'echo $$ > ${child}; exec sleep 1000' & wait`],
      })
      await daemon.client.prepare(parent)
      const childPid = Number(await eventually('its child runs', () => writtenIn(child)))
      const [record] = await daemon.client.list()
      expect(findStrays(daemon.home).orphans).toEqual([])
      await daemon.crash()
      await rm(join(daemon.home, 'pids'), { recursive: true })
      await mkdir(join(daemon.home, 'pids'))

      expect(await findOrphans({ home: daemon.home, names: ['parent'] })).toEqual([])
      const strays = findStrays(daemon.home).orphans
      expect(strays.map(({ name, identity }) => [name, identity.pid])).toEqual([['parent', record?.pid]])
      expect(findStrays(join(daemon.home, 'elsewhere')).orphans).toEqual([])
      expect(await lives(childPid)).toBe(true)
      for (const stray of strays) await terminateOrphan(stray, { killTimeout: 300 })
      expect(await lives(record?.pid ?? 0)).toBe(false)
    })
  })
})

describe.each(pm2Versions)('what a process of PM2 %i started in the background', (version) => {
  test('is not taken for it, however much it was told, and the process is', async () => {
    await withDaemon(version, async (daemon) => {
      const helper = join(daemon.folder, 'helper')
      const script = join(daemon.folder, 'editor.cjs')
      const child = `setsid sh -c 'echo $$ > ${helper}; exec sleep 1000' & exit 0`
      await writeFile(
        script,
        `require('node:child_process').spawn('sh', ['-c', ${JSON.stringify(child)}], { stdio: 'ignore' })
setInterval(() => undefined, 1000)\n`,
      )
      const editor = await witnessProcess(daemon, 'editor', { execPath: script, interpreter: 'node' })
      await daemon.client.prepare(editor)
      const helperPid = Number(await eventually('its helper runs', () => writtenIn(helper)))
      const [record] = await daemon.client.list()
      await daemon.crash()
      const strays = findStrays(daemon.home).orphans
      expect(strays.map(({ identity }) => identity.pid)).toEqual([record?.pid])
      expect(await lives(helperPid)).toBe(true)
    })
  })
})

describe.each(pm2Versions)('what a process of PM2 %i became by `exec`', (version) => {
  test('is found as the process, and what it had put in the background before is not', async () => {
    await withDaemon(version, async (daemon) => {
      const helper = join(daemon.folder, 'helper')
      const script = join(daemon.folder, 'job.sh')
      await writeFile(script, `setsid sh -c 'echo $$ > ${helper}; exec sleep 1000' &\nexec sleep 1000\n`)
      const job = await witnessProcess(daemon, 'job', { execPath: script, interpreter: '/bin/sh' })
      await daemon.client.prepare(job)
      const helperPid = Number(await eventually('its helper runs', () => writtenIn(helper)))
      const pid = (await daemon.client.list())[0]?.pid ?? 0
      await eventually('it is another program', async () =>
        (await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith('sleep'),
      )
      await daemon.crash()
      await rm(join(daemon.home, 'pids'), { recursive: true })
      expect(findStrays(daemon.home).orphans.map(({ identity }) => identity.pid)).toEqual([pid])
      // Now nobody but the collector of orphans is the helper's parent.
      process.kill(pid, 'SIGKILL')
      await eventually('it has ended', async () => !(await lives(pid)))
      expect(findStrays(daemon.home).orphans).toEqual([])
      expect(await lives(helperPid)).toBe(true)
    })
  })
})
