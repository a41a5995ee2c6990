import { spawn } from 'node:child_process'
import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { ask } from '../../../src/reconcilers/process/probe.ts'
import { freePort } from '../../support/fleet.ts'
import { eventually, makeFolder, removeFolder, withDaemon } from '../../support/pm2.ts'
import { Bench, declare } from './bench.ts'

const place = { cwd: '/', env: { PATH: process.env.PATH ?? '' } }
const never = new AbortController().signal

describe('asking once', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = undefined
  })

  /** Serves on loopback and gives the port. */
  async function serve(listener: RequestListener): Promise<number> {
    const made = createServer(listener)
    server = made
    const port = await freePort()
    await new Promise<void>((resolve) => made.listen(port, '127.0.0.1', resolve))
    return port
  }

  test.each([
    [200, undefined, true],
    [204, undefined, true],
    [302, undefined, false],
    [302, 302, true],
    [500, undefined, false],
    [200, 204, false],
  ])('status %i where %s is expected', async (status, expected, isPassed) => {
    const asked: string[] = []
    const port = await serve((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(status, { location: '/elsewhere' }).end('x')
    })
    const http = { port, path: '/healthz', ...(expected === undefined ? {} : { status: expected }) }
    expect((await ask({ http }, place, never)).isPassed).toBe(isPassed)
    expect(asked).toEqual(['/healthz'])
  })

  test('no answer in time is a failure', async () => {
    const port = await serve(() => undefined)
    expect(await ask({ http: { port }, timeout: '80ms' }, place, never)).toEqual({
      isPassed: false,
      message: 'no answer within 80ms',
    })
  })

  test('an endless body is not read to its end', async () => {
    const port = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(32_768)), 1)
      response.on('close', () => clearInterval(timer))
    })
    expect((await ask({ http: { port }, timeout: '5s' }, place, never)).isPassed).toBe(true)
  })

  test('a port that accepts, and one that does not', async () => {
    const port = await serve(() => undefined)
    expect((await ask({ tcp: { port } }, place, never)).isPassed).toBe(true)
    const closed = await freePort()
    expect(await ask({ tcp: { port: closed } }, place, never)).toEqual({
      isPassed: false,
      message: 'ECONNREFUSED',
    })
  })

  test.each([
    [['true'], true, 'exit code 0'],
    [['false'], false, 'exit code 1'],
    [['sh', '-c', 'exit 7'], false, 'exit code 7'],
    [['no-such-program'], false, 'ENOENT'],
  ])('the command %j', async (command, isPassed, message) => {
    expect(await ask({ exec: { command } }, place, never)).toEqual({ isPassed, message })
  })

  test('a command that hangs is ended with what it started', async () => {
    const marker = `31${Date.now() % 100_000}`
    const command = ['sh', '-c', `sleep ${marker} & sleep ${marker}`]
    expect((await ask({ exec: { command }, timeout: '150ms' }, place, never)).isPassed).toBe(false)
    await eventually('nothing of it is left', async () => {
      const left = await ask({ exec: { command: ['pgrep', '-f', `sleep ${marker}`] } }, place, never)
      return !left.isPassed
    })
  })

  test('what a command leaves behind is ended with it, whatever it found', async () => {
    for (const code of [0, 1]) {
      const marker = `32${Date.now() % 100_000}${code}`
      const command = ['sh', '-c', `sleep ${marker} & exit ${code}`]
      expect((await ask({ exec: { command } }, place, never)).isPassed).toBe(code === 0)
      await eventually('nothing of it is left', async () => {
        const left = await ask({ exec: { command: ['pgrep', '-f', `sleep ${marker}`] } }, place, never)
        return !left.isPassed
      })
    }
  })

  // Only root can make a program that becomes root, and become somebody else.
  test.skipIf(process.getuid?.() !== 0)('a command that we may not end is no answer in time', async () => {
    const folder = await makeFolder()
    try {
      await chmod(folder, 0o755)
      const program = join(folder, 'as-root')
      await copyFile('/usr/bin/setpriv', program)
      await chmod(program, 0o4755)
      const command = [program, '--reuid', '0', '--clear-groups', 'sleep', '3']
      const text = `import { ask } from ${JSON.stringify(new URL('../../../src/reconcilers/process/probe.ts', import.meta.url).href)}
const question = { exec: { command: ${JSON.stringify(command)} }, timeout: '300ms' }
process.stdout.write(JSON.stringify(await ask(question, ${JSON.stringify(place)}, new AbortController().signal)))
process.exit()`
      const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
        uid: 65_534,
        gid: 65_534,
        cwd: '/',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const [out, err, code] = await Promise.all([
        new Response(Readable.toWeb(child.stdout) as ReadableStream).text(),
        new Response(Readable.toWeb(child.stderr) as ReadableStream).text(),
        new Promise((resolve) => child.once('close', resolve)),
      ])
      expect([code, err]).toEqual([0, ''])
      expect(JSON.parse(out)).toEqual({ isPassed: false, message: 'no answer within 300ms' })
    } finally {
      await removeFolder(folder)
    }
  })

  test('an aborted pass ends the question', async () => {
    const port = await serve(() => undefined)
    const end = new AbortController()
    const asking = ask({ http: { port }, timeout: '1m' }, place, end.signal)
    end.abort(new Error('over'))
    await expect(asking).rejects.toThrow('over')
  })
})

/** Answers with the status in the file `status`, and says `ready` by listening. */
const moody = `
const { readFileSync } = require('node:fs')
require('node:http').createServer((_, response) => {
  response.statusCode = Number(readFileSync(process.env.STATUS, 'utf8'))
  response.end()
}).listen(Number(process.env.LISTEN), '127.0.0.1')
`

describe('a process with a probe', () => {
  test('is unhealthy after its threshold, is restarted, and is healthy again', async () => {
    await withDaemon(7, async (daemon) => {
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const status = join(daemon.folder, 'status')
      await writeFile(join(daemon.folder, 'moody.cjs'), moody)
      await writeFile(status, '200')
      const port = await freePort()
      const desired = declare(
        'api',
        {
          script: './moody.cjs',
          minUptime: '0s',
          env: { STATUS: status, LISTEN: String(port) },
          health: {
            http: { port, path: '/' },
            interval: '100ms',
            failureThreshold: 3,
            startPeriod: '0s',
          },
        },
        { folder: daemon.folder },
      )
      try {
        await bench.settle(desired)
        await eventually('it is healthy', async () => (await bench.assess(desired)).status === 'Healthy')
        await writeFile(status, '503')
        const seen: string[] = []
        const sick = await eventually('it is unhealthy', async () => {
          const assessment = await bench.assess(desired)
          if (seen.at(-1) !== assessment.reason) seen.push(assessment.reason)
          return assessment.status === 'Degraded' && assessment
        })
        expect(seen).toEqual(expect.arrayContaining(['ProbeFailing', 'ProbeFailed']))
        expect(sick.message).toBe('its probe failed 3 times in a row: expected status 200 to 299, got 503')
        const { remedy } = sick
        expect([remedy?.verb, remedy?.isRecovery]).toEqual(['run', true])
        if (!remedy) throw new Error('Expected a remedy')
        const [before] = await daemon.client.list()
        await writeFile(status, '200')
        await bench.apply(remedy)
        await bench.apply(remedy)
        const [after] = await daemon.client.list()
        expect(after?.pid).not.toBe(before?.pid)
        expect(after?.restartTime).toBe((before?.restartTime ?? 0) + 1)
        await eventually(
          'it is healthy again',
          async () => (await bench.assess(desired)).status === 'Healthy',
        )
      } finally {
        await bench.close()
      }
    })
  })

  test('does not count failures before the end of its start period', async () => {
    await withDaemon(7, async (daemon) => {
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const desired = declare(
        'api',
        {
          script: 'sleep',
          args: ['1001'],
          minUptime: '0s',
          health: {
            tcp: { port: await freePort() },
            interval: '100ms',
            failureThreshold: 1,
            startPeriod: '1h',
          },
        },
        { folder: daemon.folder },
      )
      try {
        await bench.settle(desired)
        for (let round = 0; round < 4; round += 1) {
          const { status, reason, recheckAfter } = await bench.assess(desired)
          expect([status, reason]).toEqual(['Progressing', 'ProbePending'])
          expect(recheckAfter).toBeLessThanOrEqual(100)
          await new Promise((resolve) => setTimeout(resolve, 120))
        }
      } finally {
        await bench.close()
      }
    })
  })

  test('an exec probe is run with its environment and folder, and not where no command may be run', async () => {
    await withDaemon(7, async (daemon) => {
      const command = ['sh', '-c', 'test "$LEVEL" = high && test -f here && echo x >> ran']
      await writeFile(join(daemon.folder, 'here'), '')
      const desired = declare(
        'api',
        {
          script: 'sleep',
          args: ['1001'],
          minUptime: '0s',
          env: { LEVEL: 'high' },
          health: { exec: { command } },
        },
        { folder: daemon.folder },
      )
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const dry = new Bench({ folder: daemon.folder, home: daemon.home, mayRunCommands: false })
      try {
        await bench.settle(desired)
        const { status, reason } = await dry.assess(desired)
        expect([status, reason]).toEqual(['Unknown', 'ProbeNotRun'])
        expect((await bench.assess(desired)).status).toBe('Healthy')
      } finally {
        await bench.close()
        await dry.close()
      }
    })
  })
})
