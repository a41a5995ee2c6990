import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rotateLogs } from '../../../src/reconcilers/process/log-rotation.ts'
import { freePort } from '../../support/fleet.ts'
import { eventually, pm2Versions, withDaemon } from '../../support/pm2.ts'
import { Bench, declare, makeScripts } from './bench.ts'

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
          if (record?.pid) process.kill(record.pid, 'SIGKILL')
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
})

describe.each(pm2Versions)('log rotation with PM2 %i', (version) => {
  test.each(['fork', 'cluster'] as const)('loses no line of a %s process', async (mode) => {
    await withDaemon(version, async (daemon) => {
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const script = `let n = 0; setInterval(() => console.log('line ' + n++), 2)`
      await writeFile(join(daemon.folder, 'talk.cjs'), script)
      const desired = declare(
        'talk',
        { script: './talk.cjs', mode, logs: { out: './logs/out.log', rotate: { size: '1K', keep: 3 } } },
        { folder: daemon.folder },
      )
      const logs = join(daemon.folder, 'logs')
      const never = new AbortController().signal
      try {
        await bench.settle(desired)
        for (let round = 0; round < 3; round += 1) {
          await eventually('it has grown', async () => {
            const size = await stat(join(logs, 'out.log')).then(
              (stats) => stats.size,
              () => 0,
            )
            return size > 1024
          })
          await rotateLogs(daemon.client, [desired], never)
        }
        await eventually('the new file is written', async () => {
          const size = await stat(join(logs, 'out.log')).then(
            (stats) => stats.size,
            () => 0,
          )
          return size > 100
        })
        await daemon.cli('stop', 'talk')
        const files = (await readdir(logs)).sort()
        expect(files).toEqual(['out.log', 'out.log.1', 'out.log.2', 'out.log.3'])
        const texts = await Promise.all(
          [...files].reverse().map((file) => readFile(join(logs, file), 'utf8')),
        )
        const numbers = texts
          .join('')
          .split('\n')
          .filter((line) => line.startsWith('line '))
          .map((line) => Number(line.slice(5)))
        expect(numbers).toEqual(numbers.map((_, index) => index))
      } finally {
        await bench.close()
      }
    })
  })
})
