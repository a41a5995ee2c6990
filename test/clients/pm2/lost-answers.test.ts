import { mkdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeArgument, encodeFrame, FrameReader } from '../../../src/clients/pm2/frame.ts'
import { openPm2 } from '../../../src/clients/pm2/open.ts'
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

describe.each(pm2Versions)('a daemon of PM2 %i', (version) => {
  test('that was stopped by a signal is unresponsive within the deadline, and answers again when it goes on', async () => {
    await withDaemon(version, async (daemon) => {
      const client = openPm2({ home: daemon.home, callTimeout: 300 })
      const fresh = openPm2({ home: daemon.home, callTimeout: 300 })
      try {
        await client.list()
        process.kill(daemon.pid, 'SIGSTOP')
        await expect(client.list()).rejects.toMatchObject({ code: 'DaemonUnresponsive' })
        await expect(fresh.list()).rejects.toMatchObject({ code: 'DaemonUnresponsive' })
        await expect(fresh.stop({ pmId: 0, name: 'x' })).rejects.toMatchObject({ code: 'DaemonUnresponsive' })
        process.kill(daemon.pid, 'SIGCONT')
        expect(await client.list()).toEqual([])
      } finally {
        process.kill(daemon.pid, 'SIGCONT')
        await client.close()
        await fresh.close()
      }
    })
  })

  test('that dies under an action leaves its outcome unknown, and the next one is spoken to anew', async () => {
    await withDaemon(version, async (daemon) => {
      const stubborn = await witnessProcess(daemon, 'stubborn', {
        execPath: '/bin/sh',
        interpreter: 'none',
        args: ['-c', `trap '' INT; echo $$ > ${join(daemon.folder, 'pid')}; while :; do sleep 0.1; done`],
        killTimeout: 60_000,
      })
      const [pmId = -1] = await daemon.client.prepare(stubborn)
      const pid = Number(await eventually('it runs', () => writtenIn(join(daemon.folder, 'pid'))))
      const stopping = daemon.client.stop({ pmId, name: 'stubborn' })
      stopping.catch(() => undefined)
      await eventually('it is being stopped', async () => {
        return (await daemon.client.list()).some(({ status }) => status === 'stopping')
      })
      await daemon.crash()
      await expect(stopping).rejects.toMatchObject({ code: 'OutcomeUnknown' })
      await expect(daemon.client.list()).rejects.toMatchObject({ code: 'DaemonNotRunning' })
      expect(await lives(pid)).toBe(true)
    })
  })

  test('that is still at an action whose caller gave up makes the next one on that process wait', async () => {
    await withDaemon(version, async (daemon) => {
      const slow = await witnessProcess(daemon, 'slow', {
        execPath: '/bin/sh',
        interpreter: 'none',
        args: ['-c', `trap 'sleep 0.5; exit' INT; while :; do sleep 0.1; done`],
        killTimeout: 20_000,
      })
      const [pmId = -1] = await daemon.client.prepare(slow)
      const target = { pmId, name: 'slow' }
      const abort = new AbortController()
      const given = daemon.client.stop(target, abort.signal)
      given.catch(() => undefined)
      await eventually('it is being stopped', async () => {
        return (await daemon.client.list()).some(({ status }) => status === 'stopping')
      })
      abort.abort(new Error('enough'))
      await expect(given).rejects.toMatchObject({ code: 'OutcomeUnknown' })
      await daemon.client.restart(target, {})
      const [record] = await daemon.client.list()
      expect(record).toMatchObject({ status: 'online' })
      expect(await lives(record?.pid ?? 0)).toBe(true)
    })
  })

  test('that another one has replaced is spoken to without a new client', async () => {
    await withDaemon(version, async (daemon) => {
      await daemon.client.list()
      await daemon.cli('kill')
      await expect(daemon.client.list()).rejects.toMatchObject({ code: 'DaemonNotRunning' })
      expect(await daemon.cli('ping')).toMatchObject({ code: 0 })
      await daemon.client.prepare(await witnessProcess(daemon, 'after'))
      await seenBy(daemon, 'after')
    })
  })
})

/** A daemon that answers as it is told. */
describe('a daemon that', () => {
  let home: string
  let server: Server
  let sockets: Socket[]
  let methods: string[]

  beforeEach(async () => {
    home = await makeFolder()
    sockets = []
    methods = []
  })

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await removeFolder(home)
  })

  type Answer = (method: string, reply: (value: unknown) => void, socket: Socket) => void

  async function serve(answer: Answer): Promise<void> {
    server = createServer((socket) => {
      sockets.push(socket)
      const reader = new FrameReader()
      socket.on('error', () => undefined)
      socket.on('data', (piece) => {
        for (const [call, id] of reader.push(piece)) {
          if (!call || !id) continue
          const request = decodeArgument(call)
          const method =
            typeof request === 'object' && request !== null && 'method' in request ? request.method : ''
          methods.push(String(method))
          answer(String(method), (value) => socket.write(encodeFrame([value, decodeArgument(id)])), socket)
        }
      })
    })
    await mkdir(home, { recursive: true })
    await new Promise<void>((resolve) => server.listen(join(home, 'rpc.sock'), resolve))
  }

  const running = { pm_id: 1, name: 'api', pid: 4_000_000, pm2_env: { status: 'online' } }

  function usual(method: string): unknown {
    if (method === 'getVersion') return { args: ['7.0.4'] }
    return { args: [[running]] }
  }

  test.each(['5.4.3', '8.0.0', '0.15', 'seven', ''])('calls itself %j is not supported', async (version) => {
    await serve((_, reply) => reply({ args: [version] }))
    const client = openPm2({ home })
    await expect(client.version()).rejects.toMatchObject({ code: 'DaemonUnsupported' })
    await expect(client.stop({ pmId: 1, name: 'api' })).rejects.toMatchObject({ code: 'DaemonCallFailed' })
    await client.close()
  })

  test('is too old is not acted on', async () => {
    await serve((method, reply) => reply(method === 'getVersion' ? { args: ['5.4.3'] } : usual(method)))
    const client = openPm2({ home })
    await expect(client.stop({ pmId: 1, name: 'api' })).rejects.toMatchObject({ code: 'DaemonUnsupported' })
    expect(methods).toEqual(['getMonitorData', 'getVersion'])
    await client.close()
  })

  test('never answers an action leaves its outcome unknown, and is not asked twice', async () => {
    await serve((method, reply) => {
      if (method !== 'sendSignalToProcessId') reply(usual(method))
    })
    const client = openPm2({ home, callTimeout: 100 })
    const signal = client.sendSignal({ pmId: 1, name: 'api' }, 'SIGUSR1')
    await expect(signal).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    expect(methods.filter((method) => method === 'sendSignalToProcessId')).toHaveLength(1)
    await client.close()
  })

  test('closes the connection under an action leaves its outcome unknown', async () => {
    await serve((method, reply, socket) => {
      if (method === 'sendSignalToProcessId') socket.destroy()
      else reply(usual(method))
    })
    const client = openPm2({ home })
    const signal = client.sendSignal({ pmId: 1, name: 'api' }, 'SIGUSR1')
    await expect(signal).rejects.toMatchObject({ code: 'OutcomeUnknown' })
    await client.close()
  })

  test('closes an old connection under a reading is read once more on a new one', async () => {
    let lists = 0
    await serve((method, reply, socket) => {
      lists += 1
      if (lists === 2) socket.destroy()
      else reply(usual(method))
    })
    const client = openPm2({ home })
    await client.list()
    expect(await client.list()).toHaveLength(1)
    expect(lists).toBe(3)
    await client.close()
  })

  test.each<[string, unknown]>([
    ['no list', { args: [] }],
    ['a text', { args: ['nothing'] }],
    ['an error', { error: 'boom\u001b[2J', stack: 'x' }],
    ['an error that is an object', { error: { message: 'boom' } }],
  ])('answers a reading with %s has failed it, in plain text', async (_, value) => {
    await serve((_, reply) => reply(value))
    const client = openPm2({ home })
    const list = client.list()
    await expect(list).rejects.toMatchObject({ code: 'DaemonCallFailed' })
    await expect(list).rejects.toThrow(/^[\P{Control}]*$/u)
    await client.close()
  })

  test.each([
    ['no AMP', Buffer.from('HTTP/1.1 200 OK\r\n\r\n')],
    [
      'broken JSON',
      Buffer.from([0x12, 0, 0, 0, 3, ...Buffer.from('j:{'), 0, 0, 0, 3, ...Buffer.from('s:1')]),
    ],
  ])('answers with %s is unresponsive', async (_, bytes) => {
    await serve((_, __, socket) => socket.write(bytes))
    const client = openPm2({ home })
    await expect(client.list()).rejects.toMatchObject({ code: 'DaemonUnresponsive' })
    await client.close()
  })

  test('answers in another order answers each call', async () => {
    const replies: (() => void)[] = []
    await serve((method, reply) => {
      replies.push(() => reply(method === 'getVersion' ? { args: ['7.0.4'] } : usual(method)))
      if (replies.length === 2) for (const send of replies.reverse()) send()
    })
    const client = openPm2({ home })
    const [records, version] = await Promise.all([client.list(), client.version()])
    expect(records).toHaveLength(1)
    expect(version).toBe('7.0.4')
    await client.close()
  })

  test('lists a process of an id that was asked for under another name is not told to act', async () => {
    await serve((method, reply) => reply(usual(method)))
    const client = openPm2({ home })
    await client.delete({ pmId: 1, name: 'worker' })
    expect(methods).toEqual(['getMonitorData'])
    await client.close()
  })

  test('refuses a restart because the process ended meanwhile is told to stop it first, and to restart it then', async () => {
    let hasEnded = false
    const ended = { ...running, pm2_env: { status: 'waiting restart' } }
    await serve((method, reply) => {
      if (method === 'getMonitorData') reply({ args: [[hasEnded ? ended : running]] })
      else if (method !== 'restartProcessId' || hasEnded) reply(usual(method))
      else {
        hasEnded = true
        reply({ error: 'Process with pid 4000000 already exists' })
      }
    })
    const client = openPm2({ home })
    await client.restart({ pmId: 1, name: 'api' }, {})
    const acts = methods.filter((method) => method.endsWith('ProcessId'))
    expect(acts).toEqual(['restartProcessId', 'stopProcessId', 'restartProcessId'])
    await client.close()
  })

  test('refuses a restart again and again has failed it', async () => {
    await serve((method, reply) => reply(method === 'restartProcessId' ? { error: 'no' } : usual(method)))
    const client = openPm2({ home })
    const restart = client.restart({ pmId: 1, name: 'api' }, {})
    await expect(restart).rejects.toMatchObject({ code: 'DaemonCallFailed' })
    expect(methods.filter((method) => method === 'restartProcessId')).toHaveLength(2)
    await client.close()
  })

  test('shows the pid of a stranger for what waits for its restart is not told to stop it', async () => {
    const waiting = { ...running, pid: process.pid, pm2_env: { status: 'waiting restart' } }
    await serve((method, reply) => reply(method === 'getMonitorData' ? { args: [[waiting]] } : usual(method)))
    const client = openPm2({ home })
    const target = { pmId: 1, name: 'api' }
    for (const action of [client.stop(target), client.delete(target), client.restart(target, {})]) {
      await expect(action).rejects.toMatchObject({ code: 'DaemonCallFailed' })
    }
    expect(methods).not.toContain('stopProcessId')
    expect(methods).not.toContain('deleteProcessId')
    await client.close()
  })

  test('is closed under a reading is not waited for', async () => {
    await serve(() => undefined)
    const client = openPm2({ home, callTimeout: 30_000 })
    const list = client.list()
    list.catch(() => undefined)
    await eventually('it was asked', () => methods.length > 0)
    await client.close()
    await expect(list).rejects.toMatchObject({ code: 'DaemonUnresponsive' })
  })
})
