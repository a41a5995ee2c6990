import { describe, expect, test } from 'vitest'
import type { Suspension } from '../../src/core/resource.ts'
import { Controller } from '../../src/engine/controller.ts'
import { runPass } from '../../src/engine/pass.ts'
import { Slots } from '../../src/engine/slots.ts'
import { openMemoryStore } from '../../src/state/memory.ts'
import { openSuspensions } from '../../src/state/suspensions.ts'
import { declare, type ModelledFleet, model, modelId, modelledFleet } from '../support/modelled-fleet.ts'

const minutes = (count: number) => count * 60_000

/** Runs a controller over one resource that is suspended, for so long. */
async function suspendedFor(
  suspension: (now: number) => { readonly by: 'manifest' | 'command'; readonly suspension: Suspension },
  duration: number,
): Promise<ModelledFleet> {
  const fleet = modelledFleet()
  const { by, suspension: given } = suspension(fleet.clock.now())
  if (by === 'command') {
    const suspensions = openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined })
    await suspensions.suspend(modelId('a'), given)
  }
  // So long that only the suspension itself wakes it.
  const controls = { interval: minutes(10_000), ...(by === 'manifest' ? { suspend: given } : {}) }
  const controller = new Controller(fleet.world, {
    read: async () => declare([model('a', {}, controls)]),
    rereadEvery: minutes(10_000),
  })
  const end = new AbortController()
  const run = controller.run(end.signal)
  await fleet.time.pass(duration)
  end.abort(new Error('over'))
  await fleet.time.run(run)
  return fleet
}

test('what is no longer declared and was kept by a suspension goes as soon as that is lifted', async () => {
  const fleet = modelledFleet()
  let declaration = declare([model('a'), model('b')])
  const controller = new Controller(fleet.world, {
    read: async () => declaration,
    rereadEvery: minutes(10_000),
  })
  const end = new AbortController()
  const run = controller.run(end.signal)
  await fleet.time.pass(minutes(1))
  const suspensions = openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined })
  await suspensions.suspend(modelId('a'), { reason: 'moving house', by: 'ada', until: undefined })
  declaration = declare([model('b')])
  await fleet.time.run(controller.reread())
  await fleet.time.pass(minutes(60))
  expect(fleet.outside.thing('a')?.state).toBe('running')
  // It is there, so it is not missing.
  const kept = (await fleet.ledger.load()).states.get(modelId('a'))?.status
  expect(kept).toMatchObject({ sync: 'OutOfSync', health: 'Suspended', isExcused: true })
  expect(kept?.message).toBe('suspended by ada: moving house; pending deletion')
  await suspensions.resume(modelId('a'), fleet.clock.now())
  controller.wake()
  await fleet.time.pass(2_000)
  expect(fleet.outside.thing('a')).toBeUndefined()
  end.abort(new Error('over'))
  await fleet.time.run(run)
})

async function reminders(fleet: ModelledFleet) {
  const events = await fleet.ledger.events({ id: modelId('a'), limit: 100 })
  return events.filter((event) => event.reason === 'SuspensionEnding')
}

describe.each(['manifest', 'command'] as const)('a suspension by %s', (by) => {
  const until = (duration: number | undefined) => (now: number) => ({
    by,
    suspension: {
      reason: 'moving house',
      by: 'ada',
      until: duration === undefined ? undefined : now + duration,
    },
  })

  test.each([
    { title: 'a long one ten minutes before its end', duration: minutes(300), notice: minutes(10) },
    { title: 'a short one in its last tenth', duration: minutes(20), notice: minutes(2) },
  ])('is reminded of once: $title', async ({ duration, notice }) => {
    expect(await reminders(await suspendedFor(until(duration), duration - notice - 1000))).toEqual([])
    const fleet = await suspendedFor(until(duration), duration - 1000)
    expect(await reminders(fleet)).toMatchObject([
      { type: 'Warning', count: 1, message: expect.stringContaining('moving house') },
    ])
    expect(fleet.outside.thing('a')).toBeUndefined()
  })

  test('ends by itself, without a word more', async () => {
    const fleet = await suspendedFor(until(minutes(20)), minutes(21))
    expect(fleet.outside.thing('a')?.state).toBe('running')
    expect(await reminders(fleet)).toMatchObject([{ count: 1 }])
  })

  test('without an end is never reminded of', async () => {
    expect(await reminders(await suspendedFor(until(undefined), minutes(3000)))).toEqual([])
  })
})

test('a suspension that was prolonged is reminded of again', async () => {
  const fleet = modelledFleet()
  const suspensions = openSuspensions({ store: openMemoryStore(fleet.disk), environment: undefined })
  const never = new AbortController().signal
  const pass = async () => {
    const request = { declaration: declare([model('a')]), selection: undefined, allowedDeletions: undefined }
    await fleet.time.run(runPass(fleet.world, request, { slots: new Slots(() => 1) }, never))
  }
  const suspend = (duration: number) =>
    suspensions.suspend(modelId('a'), { reason: 'r', by: 'ada', until: fleet.clock.now() + duration })
  await suspend(minutes(100))
  await pass()
  await fleet.time.pass(minutes(95))
  await pass()
  await pass()
  expect(await reminders(fleet)).toHaveLength(1)
  await suspend(minutes(100))
  await pass()
  await fleet.time.pass(minutes(95))
  await pass()
  expect(await reminders(fleet)).toHaveLength(2)
})
