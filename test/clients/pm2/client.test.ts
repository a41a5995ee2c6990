import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPm2 } from '../../../src/clients/pm2/open.ts'
import type { NewProcess } from '../../../src/clients/pm2/process-config.ts'
import type { Pm2Record } from '../../../src/clients/pm2/process-record.ts'
import {
  eventually,
  lives,
  makeFolder,
  plainEnv,
  pm2Versions,
  removeFolder,
  startDaemon,
  type TestDaemon,
  writtenIn,
} from '../../support/pm2.ts'
import { seenBy, witnessProcess } from '../../support/pm2-programs.ts'

describe('without a daemon', () => {
  test.each(['list', 'version'] as const)('%s says so, makes no file and starts nothing', async (call) => {
    const folder = await makeFolder()
    try {
      for (const home of [folder, join(folder, 'none', 'yet')]) {
        const client = openPm2({ home })
        await expect(client[call]()).rejects.toMatchObject({ code: 'DaemonNotRunning' })
        await client.close()
      }
      expect(await readdir(folder)).toEqual([])
    } finally {
      await removeFolder(folder)
    }
  })

  test('a file where the socket should be is no daemon', async () => {
    const home = await makeFolder()
    try {
      await writeFile(join(home, 'rpc.sock'), '')
      const client = openPm2({ home })
      await expect(client.list()).rejects.toMatchObject({ code: 'DaemonNotRunning' })
      await client.close()
    } finally {
      await removeFolder(home)
    }
  })

  test('the bus ends at once', async () => {
    const home = await makeFolder()
    try {
      const client = openPm2({ home })
      await new Promise<void>((resolve) => client.bus(() => undefined, resolve))
      await client.close()
    } finally {
      await removeFolder(home)
    }
  })
})

describe.each(pm2Versions)('with a daemon of PM2 %i', (version) => {
  let daemon: TestDaemon

  beforeAll(async () => {
    daemon = await startDaemon(version)
  })

  afterAll(async () => {
    await daemon.stop()
  })

  async function recordsOf(name: string): Promise<readonly Pm2Record[]> {
    return (await daemon.client.list()).filter((record) => record.name === name)
  }

  async function recordOf(name: string): Promise<Pm2Record> {
    const [record, ...others] = await recordsOf(name)
    if (!record || others.length > 0) throw new Error(`Expected one ${name}, got ${others.length + 1}`)
    return record
  }

  /** A process that runs, and is deleted when the body has ended. */
  async function running<T>(process: NewProcess, body: (record: Pm2Record) => Promise<T>): Promise<T> {
    await daemon.client.prepare(process)
    try {
      return await body(
        await eventually(`${process.name} is listed`, async () => (await recordsOf(process.name))[0]),
      )
    } finally {
      for (const record of await recordsOf(process.name)) await daemon.client.delete(record)
    }
  }

  test('its version is known', async () => {
    expect(await daemon.client.version()).toMatch(new RegExp(`^${version}\\.`))
  })

  test('a process runs with exactly the environment, the arguments and the folder that were given', async () => {
    const process = await witnessProcess(daemon, 'exact', {
      args: ['--port', '80', 'with space', ''],
      nodeArgs: ['--max-old-space-size=64'],
      env: { GREETING: 'hello', EMPTY: '', NULL: 'null' },
      reconciled: { hash: 'h1', nested: { list: [1, 2] } },
    })
    await running(process, async (record) => {
      const seen = await seenBy(daemon, 'exact')
      expect(seen.argv.slice(2)).toEqual(process.args)
      expect(seen.execArgv).toContain('--max-old-space-size=64')
      expect(seen.cwd).toBe(daemon.folder)
      expect(seen.env).toMatchObject(process.env)
      // Nothing of our own environment: every variable is declared, or one that PM2 adds in small letters.
      const others = Object.keys(seen.env).filter((key) => !(key in process.env) && /^[A-Z]/.test(key))
      expect(others).toEqual(['NODE_APP_INSTANCE'])
      expect(record).toMatchObject({ status: 'online', pid: seen.pid, args: process.args, instance: 0 })
      expect(record.reconciled).toEqual(process.reconciled)
    })
    await expect(recordsOf('exact')).resolves.toEqual([])
  })

  test('several instances count themselves, and one more takes the next free number', async () => {
    const process = await witnessProcess(daemon, 'many', { instances: 3 })
    await running(process, async (first) => {
      const started = (await recordsOf('many')).map(({ instance }) => instance)
      expect(started).toEqual([0, 1, 2])
      await daemon.client.delete(first)
      const ids = await daemon.client.prepare({ ...process, instances: 2 })
      const instances = (await recordsOf('many')).map(({ instance }) => instance)
      expect(ids).toHaveLength(2)
      expect([...instances].sort()).toEqual([0, 1, 2, 3])
    })
  })

  test('a restart drops, adds and changes what it was told, and keeps the id', async () => {
    const process = await witnessProcess(daemon, 'changing', {
      args: ['old'],
      env: { KEPT: '1', REMOVED: '1', CHANGED: 'a' },
      maxMemoryRestart: 512 * 1024 ** 2,
      restartDelay: 100,
      reconciled: { hash: 'h1' },
    })
    await running(process, async (record) => {
      const before = await seenBy(daemon, 'changing')
      const folder = join(daemon.folder, 'elsewhere')
      await mkdir(folder)
      const script = join(folder, 'other.mjs')
      await writeFile(script, await readFile(process.execPath, 'utf8'))
      const { REMOVED: _, ...kept } = process.env
      await daemon.client.restart(record, {
        set: {
          env: { ...kept, CHANGED: 'b', ADDED: '1' },
          execPath: script,
          cwd: folder,
          nodeArgs: ['--no-deprecation'],
          namespace: 'grp',
          outLogPath: join(folder, 'logs', 'o.log'),
          reconciled: { hash: 'h2' },
        },
        unset: ['args', 'maxMemoryRestart', 'restartDelay'],
      })
      const after = await seenBy(daemon, 'changing', ({ pid }) => pid !== before.pid)
      expect(after.env).toMatchObject({ KEPT: '1', CHANGED: 'b', ADDED: '1', pm_exec_path: script })
      expect(after.env).not.toHaveProperty('REMOVED')
      expect(after.argv.slice(2)).toEqual([])
      expect(after.execArgv).toContain('--no-deprecation')
      expect(after.cwd).toBe(folder)
      const changed = await recordOf('changing')
      expect(changed).toMatchObject({
        pmId: record.pmId,
        status: 'online',
        execPath: script,
        cwd: folder,
        args: [],
        namespace: 'grp',
        maxMemoryRestart: undefined,
        restartDelay: undefined,
        reconciled: { hash: 'h2' },
      })
      expect(changed.env).not.toHaveProperty('REMOVED')
      const log = await eventually('the new log is written', () => writtenIn(join(folder, 'logs', 'o.log')))
      expect(log).toContain(`witness ${after.pid}`)
      expect(await lives(before.pid)).toBe(false)
    })
  })

  test('a restart changes the mode and the interpreter', async () => {
    const process = await witnessProcess(daemon, 'modes')
    await running(process, async (record) => {
      const fork = await seenBy(daemon, 'modes')
      await daemon.client.restart(record, { set: { mode: 'cluster' } })
      const cluster = await seenBy(daemon, 'modes', ({ pid }) => pid !== fork.pid)
      expect(cluster).toMatchObject({ isWorker: true })
      expect(await recordOf('modes')).toMatchObject({ mode: 'cluster', pmId: record.pmId })
      const script = join(daemon.folder, 'modes.sh')
      await writeFile(script, '#!/bin/sh\nexec sleep 1000\n')
      await daemon.client.restart(record, { set: { mode: 'fork', interpreter: '/bin/sh', execPath: script } })
      const shell = await recordOf('modes')
      expect(shell).toMatchObject({ mode: 'fork', interpreter: '/bin/sh', status: 'online' })
      const command = await eventually('the shell became sleep', async () => {
        const text = await readFile(`/proc/${shell.pid}/cmdline`, 'utf8')
        return text.startsWith('sleep') && text
      })
      expect(command).toBe('sleep\x001000\x00')
      expect(await lives(cluster.pid)).toBe(false)
    })
  })

  test('cluster workers do not inherit the Node arguments of the one started before', async () => {
    const first = await witnessProcess(daemon, 'with-args', {
      mode: 'cluster',
      nodeArgs: ['--no-deprecation'],
    })
    const second = await witnessProcess(daemon, 'without-args', { mode: 'cluster' })
    await running(first, () =>
      running(second, async () => {
        expect((await seenBy(daemon, 'with-args')).execArgv).toContain('--no-deprecation')
        expect((await seenBy(daemon, 'without-args')).execArgv).not.toContain('--no-deprecation')
      }),
    )
  })

  test('a stopped process has ended, is started again by a restart, and a second stop is no fault', async () => {
    await running(await witnessProcess(daemon, 'stopping'), async (record) => {
      const { pid } = await seenBy(daemon, 'stopping')
      await daemon.client.stop(record)
      await daemon.client.stop(record)
      expect(await lives(pid)).toBe(false)
      expect(await recordOf('stopping')).toMatchObject({
        status: 'stopped',
        pid: undefined,
        pmId: record.pmId,
      })
      await daemon.client.restart(record, { set: { args: ['again'] } })
      const again = await seenBy(daemon, 'stopping', (seen) => seen.pid !== pid)
      expect(again.argv.slice(2)).toEqual(['again'])
    })
  })

  test('deleting what is not there any more succeeds; other actions say that it is not found', async () => {
    const absent = { pmId: 4711, name: 'absent' }
    await daemon.client.delete(absent)
    const notFound = { code: 'NotFound' }
    await expect(daemon.client.restart(absent, {})).rejects.toMatchObject(notFound)
    await expect(daemon.client.reload(absent, {})).rejects.toMatchObject(notFound)
    await expect(daemon.client.stop(absent)).rejects.toMatchObject(notFound)
    await expect(daemon.client.sendSignal(absent, 'SIGUSR1')).rejects.toMatchObject(notFound)
  })

  test('an id that another process has now is not acted on', async () => {
    await running(await witnessProcess(daemon, 'bystander'), async (record) => {
      const { pid } = await seenBy(daemon, 'bystander')
      await daemon.client.delete({ pmId: record.pmId, name: 'somebody-else' })
      expect(await recordOf('bystander')).toMatchObject({ pid, status: 'online' })
    })
  })

  test('what waits for its restart is restarted, changed and deleted like others', async () => {
    const script = join(daemon.folder, 'crashing.mjs')
    await writeFile(script, 'process.exit(process.env.FIXED ? undefined : 3)\n')
    const steady = join(daemon.folder, 'steady.mjs')
    await writeFile(steady, 'setInterval(() => {}, 1000)\n')
    const process: NewProcess = {
      name: 'crashing',
      execPath: script,
      cwd: daemon.folder,
      interpreter: 'node',
      mode: 'fork',
      env: plainEnv,
      restartDelay: 600_000,
      instances: 2,
    }
    await running(process, async () => {
      const waiting = await eventually('both wait', async () => {
        const records = await recordsOf('crashing')
        return records.every(({ isWaitingForRestart }) => isWaitingForRestart) && records
      })
      const [first, second] = waiting
      if (!first || !second) throw new Error('Two were started')
      expect(first).toMatchObject({ status: 'waiting restart', exitCode: 3 })
      await daemon.client.restart(first, { set: { execPath: steady } })
      await daemon.client.delete(second)
      const after = await recordOf('crashing')
      expect(after).toMatchObject({ pmId: first.pmId, status: 'online', execPath: steady })
      expect(await lives(after.pid ?? 0)).toBe(true)
    })
  })

  test('one that PM2 gave up reads as errored, is told from one that waits, and starts again', async () => {
    const script = join(daemon.folder, 'hopeless.mjs')
    await writeFile(script, 'process.exit(1)\n')
    const hopeless: NewProcess = {
      name: 'hopeless',
      execPath: script,
      cwd: daemon.folder,
      interpreter: 'node',
      mode: 'fork',
      env: plainEnv,
      maxRestarts: 2,
      minUptime: 60_000,
      restartDelay: 0,
      instances: 1,
    }
    const steady = join(daemon.folder, 'steady.mjs')
    await writeFile(steady, 'setInterval(() => {}, 1000)\n')
    await running(hopeless, async () => {
      const errored = await eventually('it is given up', async () => {
        const record = await recordOf('hopeless')
        // PM2 copies the pid before it measures and the status after: one answer may hold the pid of before.
        return record.status === 'errored' && record.pid === undefined && record
      })
      expect(errored).toMatchObject({ exitCode: 1, isWaitingForRestart: false })
      await daemon.client.restart(errored, { set: { execPath: steady } })
      expect(await recordOf('hopeless')).toMatchObject({ status: 'online', execPath: steady })
    })
    await running({ ...hopeless, restartDelay: 1 }, async () => {
      const given = await eventually('it is given up', async () => {
        const record = await recordOf('hopeless')
        return record.pid === undefined && record
      })
      expect(given).toMatchObject({ status: 'waiting restart', isWaitingForRestart: false })
      await daemon.client.restart(given, { set: { execPath: steady }, unset: ['restartDelay'] })
      expect(await recordOf('hopeless')).toMatchObject({ status: 'online' })
    })
  })

  test('a cron job is registered without running, and runs when its time comes', async () => {
    const process = await witnessProcess(daemon, 'job', {
      cronRestart: '*/1 * * * * *',
      autorestart: false,
      registerOnly: true,
      reconciled: { hash: 'job' },
      instances: 2,
    })
    const later = { ...process, cronRestart: '0 0 1 1 *' }
    const ids = await daemon.client.prepare(later)
    expect(ids).toHaveLength(2)
    const [first, second] = await recordsOf('job')
    expect(first).toMatchObject({
      status: 'stopped',
      pid: undefined,
      restartTime: 0,
      cronRestart: '0 0 1 1 *',
    })
    expect([first?.instance, second?.instance]).toEqual([0, 1])
    await expect(stat(join(daemon.folder, 'job.seen-0'))).rejects.toMatchObject({ code: 'ENOENT' })
    for (const record of await recordsOf('job')) await daemon.client.delete(record)
    await running(process, async () => {
      const seen = await seenBy(daemon, 'job')
      expect(seen.env).toMatchObject(process.env)
      expect((await recordsOf('job'))[0]?.reconciled).toEqual({ hash: 'job' })
    })
  })

  test('a watcher ends with its process: a later change of the file starts nothing', async () => {
    const process = await witnessProcess(daemon, 'watched', { watch: true, ignoreWatch: ['*.seen*'] })
    await daemon.client.prepare(process)
    const { pid } = await seenBy(daemon, 'watched')
    const watched = await recordOf('watched')
    expect(watched).toMatchObject({ watch: true, ignoreWatch: ['*.seen*'] })
    await daemon.client.stop(watched)
    await writeFile(process.execPath, `${await readFile(process.execPath, 'utf8')}\n`)
    // The daemon answers after it has looked at whatever the watcher told it.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await recordOf('watched')).toMatchObject({ status: 'stopped' })
    expect(await lives(pid)).toBe(false)
    await daemon.client.delete(watched)
  })

  test('our own field survives a restart by hand, a save and a resurrection', async () => {
    const process = await witnessProcess(daemon, 'kept', { reconciled: { hash: 'h1', nested: { a: [1] } } })
    await running(process, async (record) => {
      const before = await seenBy(daemon, 'kept')
      expect(await daemon.cli('restart', 'kept')).toMatchObject({ code: 0 })
      await seenBy(daemon, 'kept', ({ pid }) => pid !== before.pid)
      expect((await recordOf('kept')).reconciled).toEqual(process.reconciled)
      expect(await daemon.cli('save')).toMatchObject({ code: 0 })
      await daemon.client.delete(record)
      expect(await recordsOf('kept')).toEqual([])
      expect(await daemon.cli('resurrect')).toMatchObject({ code: 0 })
      const back = await recordOf('kept')
      expect(back.reconciled).toEqual(process.reconciled)
      expect(back).toMatchObject({ status: 'online', execPath: process.execPath, env: process.env })
    })
  })

  test('a signal arrives', async () => {
    const script = join(daemon.folder, 'catches-signals.mjs')
    const mark = join(daemon.folder, 'signalled')
    await writeFile(
      script,
      `import { writeFileSync } from 'node:fs'
       process.on('SIGUSR2', () => writeFileSync(process.env.MARK, 'got it'))
       process.send('ready')
       setInterval(() => {}, 1000)`,
    )
    const process = await witnessProcess(daemon, 'listening', {
      execPath: script,
      waitReady: true,
      env: { MARK: mark },
    })
    await running(process, async (record) => {
      await daemon.client.sendSignal(record, 'SIGUSR2')
      await eventually('the signal arrives', () => writtenIn(mark))
      await daemon.client.stop(record)
      await expect(daemon.client.sendSignal(record, 'SIGTERM')).rejects.toMatchObject({
        code: 'DaemonCallFailed',
      })
      expect(await daemon.client.version()).toMatch(/^\d/)
    })
  })

  test('a program with its own interpreter runs, with its variables', async () => {
    const process = await witnessProcess(daemon, 'program', {
      execPath: '/bin/sleep',
      interpreter: 'none',
      args: ['1000'],
    })
    await running(process, async (record) => {
      expect(await readFile(`/proc/${record.pid}/cmdline`, 'utf8')).toBe('/bin/sleep\x001000\x00')
    })
  })

  test('logs that are not merged get the id into their names, after a restart too', async () => {
    const declared = join(daemon.folder, 'deep', 'apart.log')
    const process = await witnessProcess(daemon, 'apart', { outLogPath: declared, mergeLogs: false })
    await running(process, async (record) => {
      const path = join(daemon.folder, 'deep', `apart-${record.pmId}.log`)
      expect(record.outLogPath).toBe(path)
      const other = join(daemon.folder, 'deeper', 'other.log')
      await daemon.client.restart(record, { set: { outLogPath: other } })
      expect((await recordOf('apart')).outLogPath).toBe(
        join(daemon.folder, 'deeper', `other-${record.pmId}.log`),
      )
    })
  })

  test.each<[string, Partial<NewProcess>, string]>([
    ['no environment', { env: {} }, 'InvalidCall'],
    ['a cron that ends the daemon', { cronRestart: '@daily' }, 'InvalidCall'],
    ['a cron that hangs the daemon', { cronRestart: ', * * * *' }, 'InvalidCall'],
    ['NUL in a log path', { outLogPath: '/tmp/a\0b.log' }, 'InvalidCall'],
    ['a script that is not there', { execPath: '/nowhere/at/all.mjs' }, 'ScriptMissing'],
    ['a folder that is not there', { cwd: '/nowhere/at/all' }, 'ScriptMissing'],
    ['a program that may not be executed', { execPath: '/etc/passwd', interpreter: 'none' }, 'ScriptMissing'],
    ['a log in a folder that cannot be', { outLogPath: '/etc/passwd/x/o.log' }, 'DaemonCallFailed'],
  ])('%s is refused, and the daemon lives and has nothing new', async (_, fault, code) => {
    const process = await witnessProcess(daemon, 'faulty')
    const faulty = { ...process, ...fault }
    await expect(daemon.client.prepare(faulty)).rejects.toMatchObject({ code })
    expect(await lives(daemon.pid)).toBe(true)
    expect(await recordsOf('faulty')).toEqual([])
  })

  test('thirty actions at once on ten processes all happen, those on one process in turn', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `crowd-${index}`)
    const processes = await Promise.all(names.map((name) => witnessProcess(daemon, name)))
    await Promise.all(processes.map((process) => daemon.client.prepare(process)))
    const records = (await daemon.client.list()).filter(({ name }) => names.includes(name))
    expect(records).toHaveLength(10)
    await Promise.all(
      records.flatMap((record) => [
        daemon.client.restart(record, { set: { args: ['1'] } }),
        daemon.client.restart(record, { set: { args: ['2'] } }),
        daemon.client.restart(record, { set: { args: ['3'] } }),
      ]),
    )
    for (const name of names) {
      expect(await recordOf(name)).toMatchObject({ status: 'online', args: ['3'], restartTime: 3 })
    }
    await Promise.all(records.map((record) => daemon.client.delete(record)))
    expect((await daemon.client.list()).filter(({ name }) => names.includes(name))).toEqual([])
  })

  test('a stop and a restart that overlap end as the last one says', async () => {
    await running(await witnessProcess(daemon, 'overlap'), async (record) => {
      await Promise.all([daemon.client.restart(record, {}), daemon.client.stop(record)])
      expect(await recordOf('overlap')).toMatchObject({ status: 'stopped', pid: undefined })
    })
  })

  test('an aborted call rejects with the reason and sends nothing', async () => {
    await running(await witnessProcess(daemon, 'aborted'), async (record) => {
      const reason = new Error('enough')
      await expect(daemon.client.stop(record, AbortSignal.abort(reason))).rejects.toBe(reason)
      await expect(daemon.client.list(AbortSignal.abort(reason))).rejects.toBe(reason)
      expect(await recordOf('aborted')).toMatchObject({ status: 'online' })
    })
  })
})
