import { once } from 'node:events'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openPm2 } from '../../../src/clients/pm2/open.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { rotateLogs } from '../../../src/reconcilers/process/log-rotation.ts'
import { Prober } from '../../../src/reconcilers/process/prober.ts'
import { Watcher } from '../../../src/reconcilers/process/watcher.ts'
import { FakeClock } from '../../state/fake-clock.ts'
import { freePort } from '../../support/fleet.ts'
import { eventually, pm2Versions, withDaemon } from '../../support/pm2.ts'
import { Bench, declare, makeScripts, type Spec } from './bench.ts'
import { record } from './model.ts'

/** Between a list and a kill a process may have ended by itself. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

describe('watching', () => {
  test('wakes the resource whose process ended, and no other', async () => {
    await withDaemon(7, async (daemon) => {
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const [a, b] = ['a', 'b'].map((name) =>
        declare(name, { script: 'sleep', args: ['1001'] }, { folder: daemon.folder }),
      )
      if (!a || !b) throw new Error('Expected two')
      try {
        await bench.settle(a)
        await bench.settle(b)
        const woken: string[] = []
        const connection = await bench.connection()
        const stop = connection.watch?.((id) => woken.push(id))
        await eventually('the bus is heard', async () => {
          const [record] = await daemon.client.list()
          if (record?.pid) killIfAlive(record.pid)
          return woken.includes('Process/a')
        })
        expect(woken).not.toContain('Process/b')
        stop?.()
        woken.length = 0
        await daemon.cli('restart', 'a')
        expect(woken).toEqual([])
      } finally {
        await bench.close()
      }
    })
  })

  test('wakes everything when the daemon is gone', async () => {
    await withDaemon(7, async (daemon) => {
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const desired = declare('a', { script: 'sleep', args: ['1001'] }, { folder: daemon.folder })
      try {
        await bench.settle(desired)
        const woken: string[] = []
        const connection = await bench.connection()
        connection.watch?.((id) => woken.push(id))
        const [record] = await daemon.client.list()
        if (record?.pid) process.kill(record.pid, 'SIGKILL')
        await eventually('the bus is heard', () => woken.length > 0)
        await eventually('it is quiet', async () => {
          woken.length = 0
          await new Promise((resolve) => setTimeout(resolve, 100))
          return woken.length === 0
        })
        await daemon.crash()
        await eventually('it is woken', () => woken.includes('Process/a'))
      } finally {
        await bench.close()
      }
    })
  })

  test('wakes a resource whose probe has another verdict', async () => {
    await withDaemon(7, async (daemon) => {
      await makeScripts(daemon.folder)
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const port = await freePort()
      const desired = declare(
        'a',
        {
          script: './tattle.cjs',
          env: { TELL: join(daemon.folder, 'told'), LISTEN: String(port) },
          health: { http: { port }, interval: '100ms', startPeriod: '0s' },
        },
        { folder: daemon.folder },
      )
      try {
        await bench.settle(desired)
        await eventually(
          'it passes',
          async () => (await bench.pair(desired)).observed?.probe?.verdict === 'passed',
        )
        const woken: string[] = []
        const connection = await bench.connection()
        connection.watch?.((id) => woken.push(id))
        const [record] = await daemon.client.list()
        // It still runs, and answers nobody.
        process.kill(record?.pid ?? 0, 'SIGSTOP')
        await eventually('it is woken', () => woken.includes('Process/a'))
      } finally {
        await bench.close()
      }
    })
  })

  test('a probe that hangs longer than a reading may take holds up none', async () => {
    await withDaemon(7, async (daemon) => {
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const hung = createServer(() => undefined)
      await once(hung.listen(0, '127.0.0.1'), 'listening')
      const { port } = hung.address() as AddressInfo
      const declared = (name: string, health?: Spec['health']) =>
        declare(
          name,
          { script: 'sleep', args: ['1001'], ...(health && { health }) },
          { folder: daemon.folder },
        )
      const [good, bad] = [declared('good'), declared('bad', { http: { port }, timeout: '1m' })]
      try {
        await bench.settle(good)
        await bench.settle(bad)
        const connection = await bench.connection()
        const wanted = [good, bad].map((desired) => ({
          id: desired.id,
          desired,
          owned: undefined,
          unconfirmed: [],
        }))
        const read = async () => (await connection.observe(wanted, AbortSignal.timeout(15_000))).readings
        const alone = await read()
        expect([...alone.values()].map(({ type }) => type)).toEqual(['present', 'present'])
        connection.watch?.(() => undefined)
        const watched = await read()
        expect([...watched.values()].map(({ type }) => type)).toEqual(['present', 'present'])
        expect(await bench.assess(bad)).toMatchObject({ status: 'Progressing', reason: 'ProbePending' })
      } finally {
        await bench.close()
        hung.close()
      }
    })
  })

  test.each(['is not declared any more', "is nobody's any more"] as const)(
    'asks no probe and wakes nobody for a process that %s',
    async (why) => {
      await withDaemon(7, async (daemon) => {
        const bench = new Bench({ folder: daemon.folder, home: daemon.home })
        const [gone, kept] = ['gone', 'kept'].map((name) =>
          declare(
            name,
            {
              script: 'sleep',
              args: ['1001'],
              health: { exec: { command: ['sh', '-c', `echo x >> ${name}.asked`] }, interval: '50ms' },
            },
            { folder: daemon.folder },
          ),
        )
        if (!gone || !kept) throw new Error('Expected two')
        const asked = async (name: string) =>
          (await readFile(join(daemon.folder, `${name}.asked`), 'utf8').catch(() => '')).length
        try {
          await bench.settle(gone)
          await bench.settle(kept)
          for (const one of [gone, kept]) await bench.read(one)
          const woken: string[] = []
          const connection = await bench.connection()
          connection.watch?.((id) => woken.push(id))
          const before = await asked('gone')
          await eventually('it is asked again', async () => (await asked('gone')) > before)
          if (why === 'is not declared any more') {
            const owned = bench.owned.get(gone.id)
            const wanted = { id: gone.id, desired: undefined, owned, unconfirmed: [] }
            await connection.observe([wanted], AbortSignal.timeout(20_000))
          } else connection.retain?.(new Set([kept.id]))
          const rounds = async (count: number) => {
            const from = await asked('kept')
            await eventually('the other is asked', async () => (await asked('kept')) >= from + 2 * count)
          }
          // One may be under way.
          await rounds(2)
          const last = await asked('gone')
          await rounds(5)
          expect(await asked('gone')).toBe(last)
          woken.length = 0
          for (const { pid } of await daemon.client.list()) if (pid) killIfAlive(pid)
          await eventually('the other is woken', () => woken.includes('Process/kept'))
          await daemon.cli('restart', 'all')
          expect(woken).not.toContain('Process/gone')
        } finally {
          await bench.close()
        }
      })
    },
  )
})

test('asks probes again when they are due, also where all of them were asked at once', async () => {
  let asked = 0
  const server = createServer((socket) => {
    asked += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a port')
  const clock = new FakeClock()
  const prober = new Prober({ clock, base: {}, mayRunCommands: false })
  const pm2 = openPm2({ home: '/nowhere', clock })
  const ids = ['a', 'b']
  const watcher = new Watcher({
    clock,
    logger: silentLogger,
    pm2,
    prober,
    wanted: () => new Map(),
    rotated: () => [],
    wake: () => undefined,
  })
  try {
    for (const name of ids) {
      const health = { tcp: { port: address.port }, interval: '400ms', startPeriod: '0s' }
      await prober.look(
        declare(name, { script: './a.mjs', health }),
        [record({ name })],
        new AbortController().signal,
      )
    }
    expect(asked).toBe(2)
    clock.jump(400)
    watcher.start()
    await eventually('all are asked', () => asked === 4)
    await eventually('and judged', () => [...prober.due().values()].every((wait) => wait === 400))
    await clock.advance(400)
    await eventually('all are asked again', () => asked === 6)
  } finally {
    watcher.stop()
    await pm2.close()
    server.close()
  }
})

/** Prints numbered lines up to the number in the file `upto`, whenever that is raised. */
const talk = `
const { readFileSync } = require('node:fs')
let n = 0
setInterval(() => {
  const upto = Number(readFileSync('./upto', 'utf8'))
  while (n < upto) console.log('line ' + n++)
}, 10)
`

describe.each(pm2Versions)('log rotation with PM2 %i', (version) => {
  test.each(['fork', 'cluster'] as const)('keeps the lines of a %s process in order', async (mode) => {
    await withDaemon(version, async (daemon) => {
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      await writeFile(join(daemon.folder, 'talk.cjs'), talk)
      await writeFile(join(daemon.folder, 'upto'), '0')
      const desired = declare(
        'talk',
        { script: './talk.cjs', mode, logs: { out: './logs/out.log', rotate: { size: '1K', keep: 2 } } },
        { folder: daemon.folder },
      )
      const logs = join(daemon.folder, 'logs')
      const linesOf = async (file: string) =>
        (await readFile(join(logs, file), 'utf8').catch(() => ''))
          .split('\n')
          .filter((line) => line.startsWith('line '))
          .map((line) => Number(line.slice(5)))
      const talkUpTo = async (upto: number) => {
        // Renamed into place: it is read while it is written.
        await writeFile(join(daemon.folder, 'next'), String(upto))
        await rename(join(daemon.folder, 'next'), join(daemon.folder, 'upto'))
        await eventually(
          `line ${upto - 1} is there`,
          async () => (await linesOf('out.log')).at(-1) === upto - 1,
        )
      }
      const never = new AbortController().signal
      const span = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
      try {
        await bench.settle(desired)
        const pids = (await daemon.client.list()).map(({ pid }) => pid)
        for (const upto of [200, 400, 600]) {
          await talkUpTo(upto)
          await rotateLogs(daemon.client, [desired], never)
        }
        await talkUpTo(610)
        // Too small to be moved.
        await rotateLogs(daemon.client, [desired], never)
        expect((await readdir(logs)).sort()).toEqual(['out.log', 'out.log.1', 'out.log.2'])
        expect(await linesOf('out.log')).toEqual(span(600, 610))
        expect(await linesOf('out.log.1')).toEqual(span(400, 600))
        expect(await linesOf('out.log.2')).toEqual(span(200, 400))
        expect((await daemon.client.list()).map(({ pid }) => pid)).toEqual(pids)
        expect(await bench.plan(desired)).toEqual([])
      } finally {
        await bench.close()
      }
    })
  })
})
