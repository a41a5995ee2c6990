import { afterEach, expect, test } from 'vitest'
import { AlertDesk } from '../../src/cli/alert-desk.ts'
import { fleetStatusOf } from '../../src/cli/fleet-status.ts'
import { holderOfThisProcess } from '../../src/cli/machine.ts'
import type { Workspace } from '../../src/cli/workspace.ts'
import { systemRandom } from '../../src/clients/host/random.ts'
import type { ResourceState } from '../../src/core/ledger.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { type ResourceId, resourceId } from '../../src/core/resource.ts'
import { SecretMask } from '../../src/core/secret-mask.ts'
import type { ResourceStatus } from '../../src/core/status.ts'
import type { Manifests } from '../../src/manifests/read.ts'
import { openAlertMemory } from '../../src/state/alert-memory.ts'
import { openLeaseKeeper } from '../../src/state/lease.ts'
import { openLedger } from '../../src/state/ledger.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { makeFolder, processOf, read } from '../manifests/support.ts'
import { seen } from '../reports/report/sample-report.ts'
import { FakeClock } from '../state/fake-clock.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const alerting = `apiVersion: reconcile.dev/v1
kind: Receiver
metadata: { name: ops }
spec: { webhook: { url: "https://ops.example" } }
---
apiVersion: reconcile.dev/v1
kind: Alert
metadata: { name: all }
spec: { receivers: [Receiver/ops], on: [ON] }
`

const stateOf = (status: ResourceStatus) => [status.id, { status } as ResourceState] as const

async function openDesk(on = 'HealthBelowTarget, ControllerError') {
  const folder = await makeFolder({
    'manifests/a.yaml': processOf('a'),
    'manifests/alerting.yaml': alerting.replace('ON', on),
  })
  const declaration: Manifests = await read(folder)
  const clock = new FakeClock()
  const store = openMemoryStore()
  const lease = await openLeaseKeeper({ store, clock, isAlive: () => 'alive' }).acquire({
    holder: await holderOfThisProcess('pass', clock.now()),
  })
  ends.push(() => lease.release())
  const ledger = openLedger({ store, fleet: folder, environment: undefined, lease, clock })
  const desk = await AlertDesk.open(
    {
      clock,
      random: systemRandom,
      environment: undefined,
      call: { cwd: folder, env: {}, mask: new SecretMask() },
      common: { allowHost: [], allowPath: [] },
    } as unknown as Workspace,
    { store, actor: { lease, ledger }, declaration, logger: silentLogger },
  )
  const told = async () =>
    (await openAlertMemory({ store, environment: undefined }).notices()).map(({ status }) => status)
  return { clock, declaration, desk, ledger, told }
}

test('what is told of health is the score that `health` shows, of what is no longer declared as well', async () => {
  const { declaration, desk, ledger, told } = await openDesk()
  const note = async (states: ReadonlyMap<ResourceId, ResourceState>) => {
    desk.note({ states, view: { ...(await ledger.load()), states } })
    await desk.decideNow()
    return { told: await told(), ...fleetStatusOf(declaration, states).health }
  }

  // Held over the limit of deletions, it is still there and not well: half of what is known is.
  const gone = seen('Process/gone', { health: 'Degraded' })
  const both = new Map([stateOf(seen('Process/a')), stateOf(gone)])
  expect(await note(both)).toMatchObject({ told: ['firing'], score: 50, state: 'Degraded' })
  // Once it is gone the fleet is as healthy as what is declared.
  both.delete(resourceId('Process', 'gone'))
  expect(await note(both)).toMatchObject({ told: ['resolved'], score: 100, state: 'Healthy' })
})

test('a fault of the controller is over in time, also where the clock is set back', async () => {
  const { clock, desk, told } = await openDesk()
  desk.noteFault(new Error('no space left'), 'a pass failed')
  await desk.decideNow()
  expect(await told()).toEqual(['firing'])
  clock.setBack(6 * 3_600_000)
  await clock.advance(299_000)
  await desk.decideNow()
  expect(await told()).toEqual(['firing'])
  await clock.advance(2_000)
  await desk.decideNow()
  expect(await told()).toEqual(['resolved'])
})

test('what is told of a resource is not over because its manifest is broken, and nothing stands in for it', async () => {
  const { clock, declaration, desk, ledger, told } = await openDesk('Degraded')
  const states = new Map([stateOf(seen('Process/a', { health: 'Degraded' }))])
  desk.note({ states, view: { ...(await ledger.load()), states } })
  await desk.decideNow()
  expect(await told()).toEqual(['firing'])
  desk.declare({ ...declaration, resources: [], missing: [resourceId('Process', 'a')], isComplete: false })
  await clock.advance(600_000)
  await desk.decideNow()
  expect(await told()).toEqual(['firing'])
  desk.declare({ ...declaration, resources: [] })
  await desk.decideNow()
  expect(await told()).toEqual(['resolved'])
})
