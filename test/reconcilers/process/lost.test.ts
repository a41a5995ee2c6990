import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPm2 } from '../../../src/clients/pm2/open.ts'
import type { ProcessAction } from '../../../src/reconcilers/process/action.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { eventually, lives, pm2Versions, type TestDaemon, withDaemon } from '../../support/pm2.ts'
import { Bench, type Desired, declare, type Spec } from './bench.ts'

/** What takes so many milliseconds to end, and is ready when it does. */
const endingIn = (milliseconds: number) => `
process.on('SIGINT', () => setTimeout(() => process.exit(0), ${milliseconds}))
setInterval(() => undefined, 1000)
process.send('ready')
`

/** How often at most: each time PM2's two timers come in one order or in the other. */
const mostTries = 40

async function leftBehindOf(bench: Bench, desired: Desired): Promise<readonly number[]> {
  const reading = await bench.read(desired)
  if (reading.type === 'unreadable') throw new Error(reading.message)
  return reading.value?.leftBehind ?? []
}

/** Deletes it while it is restarted, until PM2 has lost it; gives the pid of what runs and is in no list. */
async function lose(daemon: TestDaemon, bench: Bench, desired: Desired): Promise<number> {
  // Another program, whose calls do not wait for ours.
  const other = openPm2({ home: daemon.home })
  try {
    for (let tries = 0; tries < mostTries; tries += 1) {
      await bench.settle(desired)
      const record = (await daemon.client.list()).find(({ name }) => name === desired.name)
      const target = { pmId: record?.pmId ?? -1, name: desired.name }
      const restarted = daemon.client.restart(target, {}).catch(() => undefined)
      await eventually('it is being stopped', async () => {
        const now = (await other.list()).find(({ pmId }) => pmId === target.pmId)
        return now?.status === 'stopping' ? now : undefined
      })
      await other.delete(target)
      await restarted
      const [lost] = await leftBehindOf(bench, desired)
      if (lost !== undefined) return lost
    }
  } finally {
    await other.close()
  }
  throw new Error(`Expected PM2 to lose ${desired.name} in ${mostTries} tries`)
}

/** What is to be done where it is declared no more. */
async function planRemoval(bench: Bench, { id }: Desired): Promise<readonly ProcessAction[]> {
  const owned = bench.owned.get(id)
  const wanted = { id, desired: undefined, owned, unconfirmed: [] }
  const { readings } = await (await bench.connection()).observe([wanted], AbortSignal.timeout(20_000))
  const reading = readings.get(id)
  if (reading?.type !== 'present') return []
  const claim = reconciler.claim(undefined, reading.value)
  expect(claim).toMatchObject({ mark: undefined, isProven: true })
  const mark = { fleet: 'test', environment: '', store: 'store-1', id, origin: 'created', hash: '' } as const
  const pair = { id, desired: undefined, observed: reading.value, owned, mark, posture: 'active' } as const
  return reconciler.diff({ ...pair, unconfirmed: [] })
}

test.each(pm2Versions)(
  'what PM2 %i loses of a process that is deleted while it restarts is ended before there is a copy too many',
  async (version) => {
    await withDaemon(version, async (daemon) => {
      await writeFile(join(daemon.folder, 'slow.cjs'), endingIn(450))
      const bench = new Bench({ folder: daemon.folder, home: daemon.home })
      const declared = (name: string, spec: Partial<Spec>) =>
        declare(
          name,
          { script: './slow.cjs', mode: 'cluster', waitReady: true, ...spec },
          { folder: daemon.folder },
        )
      const types = async (desired: Desired) => (await bench.plan(desired)).map(({ type }) => type)
      try {
        const pair = declared('pair', { instances: 2 })
        const one = await lose(daemon, bench, pair)
        expect(await lives(one)).toBe(true)
        expect(await types(pair)).toEqual(['end-lost', 'scale-up'])
        await bench.settle(pair)
        expect(await lives(one)).toBe(false)
        const listed = (await daemon.client.list()).map(({ name, status }) => [name, status])
        expect(listed).toEqual([
          ['pair', 'online'],
          ['pair', 'online'],
        ])
        expect(await bench.plan(pair)).toEqual([])

        const single = declared('single', {})
        const all = await lose(daemon, bench, single)
        expect(await lives(all)).toBe(true)
        expect(await types(single)).toEqual(['start'])
        await bench.settle(single)
        expect(await lives(all)).toBe(false)
        expect(await bench.plan(single)).toEqual([])

        const last = await lose(daemon, bench, single)
        const removal = await planRemoval(bench, single)
        expect(removal.map(({ type, removes }) => [type, removes])).toEqual([['delete', 1]])
        for (const action of removal) await bench.apply(action)
        expect(await lives(last)).toBe(false)
        expect(await planRemoval(bench, single)).toEqual([])
      } finally {
        await bench.close()
      }
    })
  },
)

test.each(pm2Versions)('what a reload of PM2 %i is about to end is not taken for lost', async (version) => {
  await withDaemon(version, async (daemon) => {
    await writeFile(join(daemon.folder, 'slow.cjs'), endingIn(1000))
    const bench = new Bench({ folder: daemon.folder, home: daemon.home })
    const desired = declare(
      'api',
      { script: './slow.cjs', mode: 'cluster', waitReady: true },
      { folder: daemon.folder },
    )
    try {
      await bench.settle(desired)
      const [record] = await daemon.client.list()
      const old = record?.pid ?? 0
      let isReloaded = false
      const reload = daemon.client.reload({ pmId: record?.pmId ?? -1, name: 'api' }, {}).finally(() => {
        isReloaded = true
      })
      let overlaps = 0
      while (!isReloaded) {
        expect(await leftBehindOf(bench, desired)).toEqual([])
        const [now] = await daemon.client.list()
        if (now?.pid !== undefined && now.pid !== old && (await lives(old))) overlaps += 1
      }
      await reload
      expect(overlaps).toBeGreaterThan(0)
    } finally {
      await bench.close()
    }
  })
})
