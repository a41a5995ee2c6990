import { expect, test } from 'vitest'
import { PassService } from '../../src/cli/pass/pass-service.ts'
import { Controller } from '../../src/engine/controller.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { openPassAsker, type PassContext } from '../../src/state/requests.ts'
import { openSuspensions } from '../../src/state/suspensions.ts'
import { declare, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'

const context: PassContext = {
  folder: '/fleet/manifests',
  environment: '',
  programVersion: '1',
  references: '',
}
const lease = { guard: () => ({ collection: 'lease-token', key: 'fleet', revision: 0 }) }

test.each([
  { isKilled: false, left: 1, reason: 'as long as he waits it counts' },
  { isKilled: true, left: 8, reason: 'it ends with him, though his pass was taken up already' },
])('what somebody allowed for his pass, killed: $isKilled: $reason', async ({ isKilled, left }) => {
  let isHanging = false
  const fleet = modelledFleet({
    faults: {
      effect: (action) =>
        isHanging && action.type === 'revive'
          ? { type: 'hang-before', latency: 0 }
          : { type: 'done', latency: 0 },
    },
  })
  const names = Array.from({ length: 8 }, (_, index) => `m${index}`)
  let declaration = declare(names.map((name) => model(name)))
  const store = openMemoryStore(fleet.disk)
  const controller = new Controller(fleet.world, { read: async () => declaration })
  let isDead = false
  const service = new PassService({
    store,
    environment: undefined,
    lease,
    clock: fleet.clock,
    controller,
    pid: 1,
    context: () => context,
    selects: undefined,
    judgeAsker: async () => (isDead ? 'dead' : 'alive'),
  })
  const end = new AbortController()
  const ended = controller.run(end.signal).catch(() => undefined)
  await fleet.time.pass(2_000)
  // Its pass does not settle for as long as this hangs.
  isHanging = true
  fleet.outside.change('m0', { state: 'failed' })
  await fleet.time.pass(500)
  await openPassAsker({ store, environment: undefined }).ask({
    requestId: 'q1',
    selection: { only: [], labels: {} },
    allowances: { deletions: 8, hosts: [], paths: [] },
    requestedBy: { pid: 2, host: 'here' },
    context,
    at: fleet.clock.now(),
  })
  await fleet.time.pass(1_000)
  isDead = isKilled
  const suspensions = openSuspensions({ store, environment: undefined })
  await suspensions.suspend(modelId('other'), { reason: 'any word', by: 'ann', until: undefined })
  await fleet.time.pass(500)
  declaration = declare([model('m0')])
  await fleet.time.run(controller.reread())
  await fleet.time.pass(5_000)
  expect(fleet.outside.current.things.size).toBe(left)
  service.stop()
  end.abort(new Error('the test is over'))
  await fleet.time.run(ended)
})
