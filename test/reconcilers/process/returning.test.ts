import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ProcessAction } from '../../../src/reconcilers/process/action.ts'
import { doublesOf } from '../../../src/reconcilers/process/doubles.ts'
import { reconciler } from '../../../src/reconcilers/process/index.ts'
import { killProcessesOf, type TestDaemon, withDaemon } from '../../support/pm2.ts'
import { Bench, type Desired, declare } from './bench.ts'
import { created, markOf, observed, pairOf, record } from './model.ts'

const ready = `setTimeout(() => process.send('ready'), 900)\nsetInterval(() => undefined, 1000)\n`

/** As a machine that starts again: the daemon and all that it ran are gone, what it saved is there. */
async function saveAndEnd(daemon: TestDaemon): Promise<void> {
  expect((await daemon.cli('save')).code).toBe(0)
  await daemon.client.close()
  await daemon.crash()
  await killProcessesOf(daemon.home)
}

test('beside `pm2 resurrect` nothing is started that is about to come, and all that does not come', async () => {
  await withDaemon(7, async (daemon) => {
    await writeFile(join(daemon.folder, 'slow.cjs'), ready)
    const make = (name: string, spec = {}) =>
      declare(name, { script: './slow.cjs', ...spec }, { folder: daemon.folder })
    const slow = ['a', 'b', 'c', 'd'].map((name) => make(name, { waitReady: true }))
    const pair = make('pair', { instances: 2, mode: 'cluster' })
    const all = [...slow, pair, make('last')]
    const before = new Bench({ folder: daemon.folder, home: daemon.home })
    for (const desired of all) await before.settle(desired)
    await before.close()
    await saveAndEnd(daemon)

    const bench = new Bench({ folder: daemon.folder, home: daemon.home })
    const fresh = make('fresh')
    try {
      const resurrected = daemon.cli('resurrect')
      let isOver = false
      void resurrected.finally(() => {
        isOver = true
      })
      const held = new Set<string>()
      while (!isOver) {
        for (const desired of [...all, fresh]) {
          // A daemon of ours would be in the way of the one that resurrects.
          if ((await daemon.client.list().catch(() => undefined)) === undefined) continue
          const actions = await bench.plan(desired)
          if (actions.some(({ blocked }) => blocked?.reason === 'Returning')) held.add(desired.name)
          const due = actions.filter(({ type, blocked }) => !blocked && type !== 'adopt')
          for (const action of due) await bench.apply(action)
        }
      }
      expect((await resurrected).code).toBe(0)
      expect(held).toContain('last')
      expect(held).not.toContain('fresh')
      const names = (await daemon.client.list()).map(({ name }) => name).sort()
      expect(names).toEqual(['a', 'b', 'c', 'd', 'fresh', 'last', 'pair', 'pair'])
    } finally {
      await bench.close()
    }
  })
})

test('what was decided before the daemon came up waits for what that brings back', async () => {
  await withDaemon(7, async (daemon) => {
    await writeFile(join(daemon.folder, 'slow.cjs'), ready)
    const desired = declare('api', { script: './slow.cjs' }, { folder: daemon.folder })
    const bench = new Bench({ folder: daemon.folder, home: daemon.home })
    try {
      await bench.settle(desired)
      await saveAndEnd(daemon)
      const [start] = await bench.plan(desired)
      expect(start).toMatchObject({ type: 'start' })
      expect(start?.blocked).toBeUndefined()
      expect((await daemon.cli('ping')).code).toBe(0)
      const applied = start && bench.apply(start)
      expect((await daemon.cli('resurrect')).code).toBe(0)
      await applied
      expect((await daemon.client.list()).map(({ name }) => name)).toEqual(['api'])
    } finally {
      await bench.close()
    }
  })
})

const folder = '/srv/manifests'
const api = (spec = {}): Desired => declare('api', { script: './api.mjs', ...spec }, { folder })
const copy = (desired: Desired, madeAt: number, pmId: number, fields = {}) => {
  const { raw } = created(desired, pmId)
  return record({ ...raw, reconciled: { ...(raw.reconciled as object), madeAt }, ...fields }, pmId)
}
const types = (actions: readonly ProcessAction[]) => actions.map(({ type }) => type)

test('of copies that were made at two times those of one are too many, where nobody says how many', () => {
  const desired = api()
  const mark = markOf(desired)
  const ids = (records: readonly ReturnType<typeof copy>[]) =>
    doublesOf(records, mark).map(({ pmId }) => pmId)
  expect(ids([copy(desired, 1, 0), copy(desired, 2, 1)])).toEqual([1])
  // The one that runs has the port that the other would need.
  expect(ids([copy(desired, 1, 0, { status: 'errored', pid: 0 }), copy(desired, 2, 1)])).toEqual([0])
  // Scaled by a person.
  expect(ids([copy(desired, 1, 0), copy(desired, 1, 1), copy(desired, 1, 2)])).toEqual([])
  // Not ours at all.
  expect(ids([copy(desired, 1, 0), record({}, 1)])).toEqual([])
})

test('copies that PM2 brought back are taken away, those of a person are not', () => {
  const desired = api()
  const plan = (spec: object, ...records: ReturnType<typeof copy>[]) =>
    types(reconciler.diff(pairOf(api(spec), observed(records), { owned: undefined })))
  expect(plan({}, copy(desired, 1, 0), copy(desired, 2, 1))).toEqual(['scale-down'])
  expect(plan({}, copy(desired, 1, 0), copy(desired, 1, 1))).toEqual(['adopt'])
})
