import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { NewProcess } from '../../../src/clients/pm2/process-config.ts'
import { eventually, plainEnv, pm2Versions, type TestDaemon, withDaemon } from '../../support/pm2.ts'
import { freePort } from '../../support/pm2-programs.ts'

/**
 * Answers with its version. Told to end, it leaves the cluster first: that waits until the daemon hands it no more
 * connections, and gives back those that are on their way. To end as soon as `server.close` is done loses about one
 * request in a few thousand: the daemon has just handed it a connection that nobody accepts any more.
 */
const server = `
import cluster from 'node:cluster'
import { createServer } from 'node:http'
const server = createServer((_, response) => {
  response.setHeader('connection', 'close')
  setTimeout(() => response.end(process.env.VERSION), 5)
})
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGINT', () => (cluster.worker ? cluster.worker.disconnect() : process.exit()))
`

interface Answer {
  readonly text?: string
  readonly fault?: string
}

function get(port: number): Promise<Answer> {
  return new Promise((resolve) => {
    const call = request({ port, host: '127.0.0.1', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () => resolve({ text }))
      response.on('error', (error: NodeJS.ErrnoException) => resolve({ fault: error.code ?? error.message }))
    })
    call.on('error', (error: NodeJS.ErrnoException) => resolve({ fault: error.code ?? error.message }))
    call.setTimeout(10_000, () => call.destroy(new Error('no answer')))
    call.end()
  })
}

/** So many requests say something of the reload; on a busy machine they take longer than it does. */
const fewest = 21

/** Asks again and again, a new request every few milliseconds, until it is stopped and has asked often enough. */
function startStream(port: number): { stop(): Promise<readonly Answer[]> } {
  const answers: Promise<Answer>[] = []
  const timer = setInterval(() => answers.push(get(port)), 4)
  return {
    async stop() {
      await eventually('enough was asked', async () => answers.length >= fewest)
      clearInterval(timer)
      return await Promise.all(answers)
    },
  }
}

async function serverProcess(
  daemon: TestDaemon,
  port: number,
  changes: Partial<NewProcess>,
): Promise<NewProcess> {
  const execPath = join(daemon.folder, 'server.mjs')
  await writeFile(execPath, server)
  return {
    name: 'server',
    execPath,
    cwd: daemon.folder,
    interpreter: 'node',
    mode: 'cluster',
    instances: 2,
    env: { ...plainEnv, PORT: String(port), VERSION: '1' },
    ...changes,
  }
}

describe.each(pm2Versions)('a reload in cluster mode by PM2 %i', (version) => {
  test.each([1, 2])(
    'of %i processes takes the new environment in and loses no request',
    async (instances) => {
      await withDaemon(version, async (daemon) => {
        const port = await freePort()
        const process = await serverProcess(daemon, port, { instances, killTimeout: 5000 })
        await daemon.client.prepare(process)
        await eventually('the server answers', async () => (await get(port)).text === '1')
        const before = await daemon.client.list()
        const stream = startStream(port)
        await eventually('requests are on their way', async () => (await get(port)).text)
        for (const record of before) {
          await daemon.client.reload(record, { set: { env: { ...process.env, VERSION: '2' } } })
        }
        const settled = await get(port)
        const answers = await stream.stop()
        expect(settled).toEqual({ text: '2' })
        const faults = answers.map(({ fault }) => fault).filter((fault) => fault !== undefined)
        expect(faults).toEqual([])
        expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['1', '2']))
        const after = await daemon.client.list()
        expect(after.map(({ pmId }) => pmId)).toEqual(before.map(({ pmId }) => pmId))
        expect(after.every(({ status }) => status === 'online')).toBe(true)
        const pids = new Set(before.map(({ pid }) => pid))
        expect(after.some(({ pid }) => pids.has(pid))).toBe(false)
      })
    },
  )

  test('changes a cron and a mode too, which PM2 alone would leave as they were', async () => {
    await withDaemon(version, async (daemon) => {
      const port = await freePort()
      const process = await serverProcess(daemon, port, { instances: 1, cronRestart: '0 0 1 1 *' })
      await daemon.client.prepare(process)
      const [record] = await daemon.client.list()
      if (!record) throw new Error('It was started')
      await daemon.client.reload(record, { set: { cronRestart: '*/1 * * * * *' } })
      const started = (await daemon.client.list())[0]?.uptimeSince ?? 0
      await eventually('the new cron restarts it', async () => {
        const since = (await daemon.client.list())[0]?.uptimeSince ?? 0
        return since > started
      })
      await daemon.client.reload(record, { set: { mode: 'fork' }, unset: ['cronRestart'] })
      const [forked] = await daemon.client.list()
      expect(forked).toMatchObject({
        mode: 'fork',
        status: 'online',
        cronRestart: undefined,
        pmId: record.pmId,
      })
      await eventually('the forked server answers', async () => (await get(port)).text === '1')
    })
  })

  test('of a process that never listens ends after its listen timeout with the new one alone', async () => {
    await withDaemon(version, async (daemon) => {
      const execPath = join(daemon.folder, 'silent.mjs')
      await writeFile(execPath, 'setInterval(() => {}, 1000)\n')
      const process = await serverProcess(daemon, 0, { execPath, instances: 1, listenTimeout: 300 })
      await daemon.client.prepare(process)
      const [record] = await daemon.client.list()
      if (!record) throw new Error('It was started')
      await daemon.client.reload(record, {})
      const [after, ...others] = await daemon.client.list()
      expect(others).toEqual([])
      expect(after).toMatchObject({ pmId: record.pmId, status: 'online' })
      expect(after?.pid).not.toBe(record.pid)
    })
  })
})
