import { afterEach, expect, it } from 'vitest'
import { stopController } from '../../../src/cli/background/stop-controller.ts'
import { supervisedVariable } from '../../../src/cli/background/supervised-variable.ts'
import { holderOfThisProcess } from '../../../src/cli/machine.ts'
import type { Workspace } from '../../../src/cli/workspace.ts'
import type { Pm2Client } from '../../../src/clients/pm2/client.ts'
import { parseRecord } from '../../../src/clients/pm2/parse-record.ts'
import { openLeaseKeeper } from '../../../src/state/lease.ts'
import { openMemoryStore } from '../../../src/state/memory.ts'
import { FakeClock } from '../../state/fake-clock.ts'

const statePath = '/nowhere/.reconcile/state.db'
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A controller that acts, by the lease, and that PM2 keeps under a pid; taking it out of PM2 ends nothing. */
async function withController(keptPid: number) {
  const clock = new FakeClock()
  const store = openMemoryStore()
  const lease = await openLeaseKeeper({ store, clock, isAlive: () => 'alive' }).acquire({
    holder: await holderOfThisProcess('controller', clock.now()),
  })
  ends.push(() => lease.release())
  const record = parseRecord({
    name: 'reconciled-default',
    pid: keptPid,
    pm_id: 3,
    pm2_env: { status: 'online', name: 'reconciled-default', env: { [supervisedVariable]: statePath } },
  })
  const deleted: number[] = []
  const pm2: Pick<Pm2Client, 'list' | 'delete'> = {
    list: () => Promise.resolve(record ? [record] : []),
    delete: ({ pmId }) => {
      deleted.push(pmId)
      return Promise.resolve()
    },
  }
  const signal = new AbortController().signal
  const stopping = stopController({
    workspace: { clock, statePath, call: { env: {}, signal } } as unknown as Workspace,
    store,
    home: '/nowhere',
    pm2At: () => pm2 as Pm2Client,
  })
  return { stopping: whileTimeGoesOn(clock, stopping), deleted }
}

async function whileTimeGoesOn<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let isOver = false
  const watched = work.finally(() => {
    isOver = true
  })
  watched.catch(() => undefined)
  while (!isOver) await clock.advance(1000)
  return watched
}

it('says that a controller has not ended, when it has not', async () => {
  const { stopping, deleted } = await withController(process.pid)
  await expect(stopping).rejects.toMatchObject({
    code: 'OperationTimedOut',
    message: `The controller with pid ${process.pid} was taken out of PM2 and has not ended`,
  })
  expect(deleted).toEqual([3])
})

it('says that another acts, when one took over', async () => {
  const { stopping } = await withController(4_000_001)
  await expect(stopping).rejects.toMatchObject({ code: 'ControllerAlive' })
})
