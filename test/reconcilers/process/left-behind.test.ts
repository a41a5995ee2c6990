import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, lives, pm2Versions, withDaemon } from '../../support/pm2.ts'
import { Bench, type Desired, declare } from './bench.ts'

const idle = 'setInterval(() => undefined, 1000)\n'

test.each(pm2Versions)(
  'what a killed daemon of PM2 %i left behind is ended, though the next one has started the same anew',
  async (version) => {
    await withDaemon(version, async (daemon) => {
      await writeFile(join(daemon.folder, 'idle.cjs'), idle)
      const make = (name: string): Desired =>
        declare(name, { script: './idle.cjs' }, { folder: daemon.folder })
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const types = async (desired: Desired) => (await bench.plan(desired)).map(({ type }) => type)
      try {
        const [one, two] = [make('one'), make('two')]
        await bench.settle(one)
        await bench.settle(two)
        expect(await types(one)).toEqual([])
        expect((await daemon.cli('save')).code).toBe(0)
        const before = await daemon.client.list()
        const pidOf = (name: string, records = before) =>
          records.find((record) => record.name === name)?.pid ?? 0
        await daemon.crash()
        expect((await daemon.cli('resurrect')).code).toBe(0)
        // Its successor has overwritten the pid file by now.
        const after = await eventually('both are there again', async () => {
          const listed = await daemon.client.list().catch(() => [])
          return listed.length === 2 ? listed : undefined
        })
        for (const name of ['one', 'two']) {
          const [left, anew] = [pidOf(name), pidOf(name, after)]
          const said = await readFile(join(daemon.home, 'pm2.log'), 'utf8')
          expect([await lives(left), await lives(anew)], `${name}: ${left}, ${anew}\n${said}`).toEqual([
            true,
            true,
          ])
        }

        expect(await types(one)).toEqual(['end-lost'])
        await bench.settle(one)
        expect(await lives(pidOf('one'))).toBe(false)
        // One name at a time: the other has its own turn.
        expect(await lives(pidOf('two'))).toBe(true)
        await bench.settle(two)
        expect(await lives(pidOf('two'))).toBe(false)
        const now = await daemon.client.list()
        expect(now.map(({ name, pid, restartTime }) => [name, pid, restartTime])).toEqual(
          after.map(({ name, pid }) => [name, pid, 0]),
        )
        expect(await types(one)).toEqual([])
      } finally {
        await bench.close()
      }
    })
  },
)

test('beside what somebody else started nothing is ended that does not bear our mark', async () => {
  await withDaemon(7, async (daemon) => {
    await writeFile(join(daemon.folder, 'idle.cjs'), idle)
    const desired = declare('api', { script: './idle.cjs' }, { folder: daemon.folder })
    const bench = new Bench({ folder: daemon.folder, home: daemon.home })
    try {
      const start = ['start', join(daemon.folder, 'idle.cjs'), '--name', 'api', '--no-pmx']
      expect((await daemon.cli(...start)).code).toBe(0)
      expect((await daemon.cli('save')).code).toBe(0)
      const [theirs] = await daemon.client.list()
      await daemon.crash()
      expect((await daemon.cli('resurrect')).code).toBe(0)
      await eventually('it is there again', async () => (await daemon.client.list()).length === 1)
      expect(await lives(theirs?.pid ?? 0)).toBe(true)
      expect((await bench.plan(desired)).map(({ type }) => type)).not.toContain('end-lost')
    } finally {
      await bench.close()
    }
  })
})
