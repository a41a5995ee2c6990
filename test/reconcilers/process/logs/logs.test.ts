import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LogLine } from '../../../../src/core/reconciler.ts'
import { eventually, pm2Versions, withDaemon } from '../../../support/pm2.ts'
import { Bench, declare } from '../bench.ts'

/** Counts what it prints, on both streams in turn, and ends when it is told so. */
const talker = `
const { NODE_APP_INSTANCE: instance, GREETING: greeting = 'hello' } = process.env
console.log(greeting + ' from ' + instance)
let count = 0
setInterval(() => {
  count += 1
  if (count % 2) console.log('tick ' + process.pid + ' ' + count)
  else console.error('tick ' + process.pid + ' ' + count)
}, 20)
`

async function collect(lines: AsyncIterable<LogLine> | undefined): Promise<readonly LogLine[]> {
  const all: LogLine[] = []
  for await (const line of lines ?? []) all.push(line)
  return all
}

describe.each(pm2Versions)('logs of PM2 %i', (version) => {
  test('hold both streams of all instances, in the order of their times', async () => {
    await withDaemon(version, async (daemon) => {
      await writeFile(join(daemon.folder, 'talker.cjs'), talker)
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const desired = declare(
        'talker',
        {
          script: './talker.cjs',
          instances: 2,
          logs: { out: './logs/t.log', merge: false, timestamps: 'YYYY-MM-DDTHH:mm:ss.SSSZ' },
        },
        { folder: daemon.folder },
      )
      try {
        const before = Date.now()
        await bench.settle(desired)
        const connection = await bench.connection()
        const read = () =>
          collect(connection.logs?.(desired, { lines: 1000, follow: false }, AbortSignal.timeout(20_000)))
        const lines = await eventually('all have printed', async () => {
          const all = await read()
          const kinds = Map.groupBy(all, ({ source, stream }) => `${source} ${stream}`)
          return kinds.size === 4 && [...kinds.values()].every(({ length }) => length > 2) && all
        })
        expect(new Set(lines.map(({ source }) => source))).toEqual(new Set(['talker-0', 'talker-1']))
        const times = lines.map(({ at }) => at ?? Number.NaN)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        expect(times[0]).toBeGreaterThan(before - 1000)
        expect(lines.filter(({ text }) => text === 'hello from 0')).toHaveLength(1)
        expect(lines.every(({ text }) => !/^\d{4}-/.test(text))).toBe(true)
        const few = await collect(
          connection.logs?.(desired, { lines: 2, follow: false }, AbortSignal.timeout(20_000)),
        )
        expect(few).toHaveLength(8)
      } finally {
        await bench.close()
      }
    })
  })

  test('are followed across a restart, further instances and an emptied file, and none twice', async () => {
    await withDaemon(version, async (daemon) => {
      await writeFile(join(daemon.folder, 'talker.cjs'), talker)
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const one = declare(
        'talker',
        { script: './talker.cjs', logs: { out: './t.log', error: './e.log', merge: false } },
        { folder: daemon.folder },
      )
      const two = declare(
        'talker',
        { ...one.spec, instances: 2, env: { GREETING: 'again' } },
        { folder: daemon.folder },
      )
      // What an earlier instance of the number that will come left behind is no news.
      await writeFile(join(daemon.folder, 't-1.log'), 'of long ago\n')
      const stop = new AbortController()
      try {
        await bench.settle(one)
        const connection = await bench.connection()
        const seen: LogLine[] = []
        const following = (async () => {
          for await (const line of connection.logs?.(one, { lines: 100, follow: true }, stop.signal) ?? [])
            seen.push(line)
        })()
        const sees = (what: string) =>
          eventually(`${what} is followed`, () => seen.some(({ text }) => text.includes(what)))
        await sees('hello from 0')
        await bench.settle(two)
        await sees('again from 0')
        await sees('again from 1')
        await rm(join(daemon.folder, 't-1.log'))
        await daemon.cli('restart', 'talker')
        const [record] = (await daemon.client.list()).filter(({ instance }) => instance === 1)
        await sees(`tick ${record?.pid}`)
        stop.abort()
        await following
        expect(seen.some(({ text }) => text === 'of long ago')).toBe(false)
        const ticks = seen.map(({ text }) => text).filter((text) => text.startsWith('tick'))
        expect(new Set(ticks).size).toBe(ticks.length)
      } finally {
        stop.abort()
        await bench.close()
      }
    })
  })
})

test('logs are read without a daemon, and none is started', async () => {
  await withDaemon(7, async (daemon) => {
    const bench = new Bench({ folder: daemon.folder, home: daemon.home })
    const desired = declare('silent', { script: 'true' }, { folder: daemon.folder })
    try {
      await daemon.crash()
      await writeFile(join(daemon.home, 'logs/silent-out.log'), 'merged\n')
      await writeFile(join(daemon.home, 'logs/silent-error-3.log'), 'of instance 3\n')
      await writeFile(join(daemon.home, 'logs/silent-outer-out.log'), 'of another\n')
      const before = await readdir(daemon.home)
      const connection = await bench.connection()
      const lines = await collect(
        connection.logs?.(desired, { lines: 5, follow: false }, AbortSignal.timeout(20_000)),
      )
      expect(lines.map(({ text }) => text).sort()).toEqual(['merged', 'of instance 3'])
      expect(await readdir(daemon.home)).toEqual(before)
      await expect(daemon.client.list()).rejects.toMatchObject({ code: 'DaemonNotRunning' })
    } finally {
      await bench.close()
    }
  })
})
